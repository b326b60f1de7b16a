package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"brana/egon"
	"brana/egon/xmltext"
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
	return egon.AppendQueueQuestion(nil, s, &egon.QueueQuery{From: q.FromID, Since: q.Since.Time, IDs: q.ID, All: q.All}), nil
}

// isQueue reports whether a service is one of the queue.
func isQueue(s *egon.Service) bool { return slices.Contains([]string{"E99", "E100", "E101"}, s.Code) }

// printQueue prints what the reply to an asynchronous call, or of a queue
// service, holds beside its status.
func (c *callCmd) printQueue(io stdio, root *xmltext.Node) {
	if id := text(root, "IszrZadostId"); c.Async && text(find(root, "Status"), "VysledekKod") == egon.OK {
		fmt.Fprintf(io.out, "accepted as %s; pick the answer up with: brana call E100 --id %s\n", id, id)
	}
	if wait := text(root, "CekaciCas"); wait != "" {
		fmt.Fprintf(io.out, "  ask again after %s s\n", wait)
	}
	if inner := find(root, "AsyncDotazDataResponse"); inner != nil {
		fmt.Fprintf(io.out, "answer: %s\n", text(find(inner, "Status"), "VysledekKod"))
		printDetails(io, inner)
	}
	items := findAll(root, "PolozkaFronty")
	for _, item := range items {
		fmt.Fprintf(io.out, "  %s  %s  %s  made %s, expires %s\n",
			text(item, "IdTransakce"), text(item, "KodAsyncSluzby"), text(item, "IszrZadostId"),
			shortTime(text(item, "CasVytvoreni")), shortTime(text(item, "CasExpirace")))
	}
	if find(root, "PolozkyFronty") != nil {
		fmt.Fprintf(io.out, "%d in the queue", len(items))
		if text(root, "VypisPokracuje") == "true" {
			fmt.Fprintf(io.out, ", and more: brana call E99 --from-id %s", text(root, "NasledujiciIdTransakce"))
		}
		fmt.Fprintln(io.out)
	}
}

// shortTime is a time without the fraction of its second.
func shortTime(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return t.Format(time.RFC3339)
}
