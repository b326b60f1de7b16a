package main

import (
	"errors"
	"slices"

	"brana/egon"
)

// queueFlags are the questions of E99, E100 and E101.
type queueFlags struct {
	ID     []string `name:"id" placeholder:"UUID" help:"E100, E101: IszrZadostId of an asynchronous call; for E101 any number of times." group:"queue"`
	All    bool     `help:"E101: delete all answers (SmazatVse)." group:"queue"`
	FromID uint64   `name:"from-id" placeholder:"N" help:"E99: from this IdTransakce on." group:"queue"`
	Since  moment   `placeholder:"TIME" help:"E99: answers made since, as 2026-01-31T12:00:00+01:00." group:"queue"`
}

// question is the Zadost of a queue service.
func (q *queueFlags) question(s *egon.Service) ([]byte, error) {
	switch {
	case s.Code == "E100" && len(q.ID) != 1:
		return nil, errors.New("E100 needs one --id UUID; E99 lists what there is")
	case s.Code == "E101" && q.All == (len(q.ID) > 0):
		return nil, errors.New("E101 needs --id UUID, any number of times, or --all")
	}
	return egon.AppendQueueQuestion(nil, s, &egon.QueueQuery{
		From:  q.FromID,
		Since: q.Since.Time,
		IDs:   q.ID,
		All:   q.All,
	}), nil
}

// isQueue reports whether a service is one of the queue.
func isQueue(s *egon.Service) bool {
	return slices.Contains([]string{"E99", "E100", "E101"}, s.Code)
}
