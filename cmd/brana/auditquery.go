package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"brana/audit"
	"brana/audit/query"
	"brana/egon"
	"brana/gateway"
)

type auditQueryCmd struct {
	auditFlags
	Caller    []string `placeholder:"CALLER" help:"AGENDA/ROLE/OVM/AIS; a part may end with *, and so may a beginning, as X999/*."`
	Service   []string `placeholder:"CODE" help:"Services, as E198."`
	Outcome   []string `placeholder:"WORD" help:"What came of the call: ok, varovani, chyba, unfinished, or the kind of a refusal."`
	Item      []string `placeholder:"ITEM" help:"Items that were asked for."`
	Returned  []string `placeholder:"ITEM" help:"Items that came back."`
	Removed   []string `placeholder:"ITEM" help:"Items that were removed from requests, or that the bus would remove."`
	Filled    []string `placeholder:"ITEM" help:"Items that were filled into requests without any."`
	Filtered  []string `placeholder:"ITEM" help:"Items that were taken out of answers."`
	User      []string `sep:"none" placeholder:"NAME" help:"Uzivatel, or its beginning with *."`
	Refused   bool     `help:"Only calls that were refused or given up."`
	RequestID []string `name:"request-id" placeholder:"ID" help:"AgendaZadostId or IszrZadostId."`
	PersonID  string   `name:"person-id" placeholder:"AIFO" help:"Calls about a person, by the AIFO in the agenda of the caller; needs --person-key."`
	PersonKey string   `name:"person-key" type:"path" placeholder:"FILE" help:"audit.person_key of the gateway."`
	Follow    bool     `short:"f" help:"Go on with calls that end while the gateway runs; without --since, print only those."`
	Limit     int      `placeholder:"N" help:"End after N calls."`
	Whole     bool     `help:"Read also the segments that by their index hold no such call; see brana audit verify."`
	JSON      bool     `name:"json" xor:"form" help:"Print an object a line, with the records as they are in the journal."`
	CSV       bool     `name:"csv" xor:"form" help:"Print comma-separated values, with the names of the columns."`
}

// Run prints the uses that match: 0 when all could be read, 1 when a journal is not as it
// was written, 2 when it cannot be read.
func (a *auditQueryCmd) Run(out stdio) error {
	zone, err := a.zone()
	if err != nil {
		return err
	}
	filter, err := a.filter(time.Now(), zone)
	if err != nil {
		return err
	}
	dirs, err := a.dirs()
	if err != nil {
		return err
	}
	findings := 0
	q := &query.Query{Dirs: dirs, Filter: filter, Whole: a.Whole, Found: func(f query.Finding) {
		findings++
		fmt.Fprintln(out.err, f.Error())
	}}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	printed, err := a.print(ctx, q, a.printer(out.out, zone))
	switch {
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		return nil // the reader has what it wanted
	case err != nil:
		return exit(exitUsage, err)
	case findings > 0:
		return foundError(findings)
	case printed == 0 && !a.JSON && !a.CSV && !a.Follow:
		fmt.Fprintln(out.err, "brana: no call matches")
	}
	return nil
}

var errInterrupted = errors.New("interrupted before all was read")

// print prints the uses and returns their number.
func (a *auditQueryCmd) print(
	ctx context.Context, q *query.Query, p query.Printer,
) (printed int, err error) {
	uses := q.Uses
	if a.Follow {
		uses = q.Follow
	}
	for u, err := range uses(ctx) {
		if err == nil {
			err = p.Print(u)
		}
		if err != nil {
			return printed, errors.Join(err, p.Flush())
		}
		if printed++; printed == a.Limit {
			return printed, p.Flush()
		}
	}
	if ctx.Err() != nil && !a.Follow {
		err = errInterrupted // what was printed is not all
	}
	return printed, errors.Join(err, p.Flush())
}

func (a *auditQueryCmd) printer(out io.Writer, zone *time.Location) query.Printer {
	switch {
	case a.JSON:
		return query.NewJSON(out)
	case a.CSV:
		return query.NewCSV(out)
	}
	return query.NewTable(out, zone, widthOf(out))
}

// widthOf is the width of a terminal; 0 when out is none.
func widthOf(out io.Writer) int {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// filter reads the flags.
func (a *auditQueryCmd) filter(now time.Time, zone *time.Location) (f query.Filter, err error) {
	f = query.Filter{
		Services: a.Service, Outcomes: a.Outcome, Asked: a.Item, Returned: a.Returned,
		Removed: a.Removed, Filled: a.Filled, Filtered: a.Filtered,
		Requests: a.RequestID, Refused: a.Refused,
	}
	for _, text := range a.Caller {
		c, err := query.ParseCaller(text)
		if err != nil {
			return f, exit(exitUsage, fmt.Errorf("--caller: %w", err))
		}
		f.Callers = append(f.Callers, c)
	}
	for _, text := range a.User {
		f.Users = append(f.Users, query.Pattern(text))
	}
	if err := a.known(); err != nil {
		return f, exit(exitUsage, err)
	}
	if f.Persons, err = a.persons(); err != nil {
		return f, exit(exitUsage, err)
	}
	return f, a.span(&f, now, zone)
}

// known refuses words that no use can have: a slip would look like an answer.
func (a *auditQueryCmd) known() error {
	if err := knownServices(a.Service); err != nil {
		return err
	}
	if err := knownReturned("--returned", a.Returned); err != nil {
		return err
	}
	if err := knownReturned("--filtered", a.Filtered); err != nil {
		return err
	}
	words := query.Answered()
	for _, kind := range gateway.Kinds() {
		words = append(words, kind.Code)
	}
	for _, word := range a.Outcome {
		if !slices.Contains(words, word) {
			return fmt.Errorf("--outcome: no call ends with %q; write ok, varovani, chyba, "+
				"unfinished, or the kind of a refusal, as item-not-permitted", word)
		}
	}
	if a.Limit < 0 {
		return fmt.Errorf("--limit: %d is no number of uses", a.Limit)
	}
	return nil
}

// knownReturned refuses words that no answer has. Those that are asked for are not a closed set:
// a grant may name any item of an evidence.
func knownReturned(flag string, words []string) error {
	for _, word := range words {
		if !slices.Contains(egon.ReturnedWords(), word) && !strings.HasPrefix(word, "?") {
			return fmt.Errorf("%s: no answer has the item %q; write a word as EopFoto, or the "+
				"name of an unknown element with ? before it", flag, word)
		}
	}
	return nil
}

// knownServices refuses codes of no service.
func knownServices(codes []string) error {
	for _, code := range codes {
		if egon.ServiceByCode(code) == nil {
			return fmt.Errorf("--service: %q is no service of the catalogue; write a code, as E198", code)
		}
	}
	return nil
}

// persons returns the keyed hash of the person that is asked for, if one is, and the mark of
// a message with so many persons that this one may be among those that are not recorded.
func (a *auditQueryCmd) persons() ([]string, error) {
	switch {
	case a.PersonID == "" && a.PersonKey == "":
		return nil, nil
	case a.PersonID == "":
		return nil, errors.New("--person-key needs --person-id beside it")
	case a.PersonKey == "":
		return nil, errors.New("--person-id needs --person-key FILE, the audit.person_key of the " +
			"gateway: the record has no AIFO, only keyed hashes of them")
	}
	key, err := audit.ReadPersonKey(a.PersonKey)
	if err != nil {
		return nil, fmt.Errorf("--person-key: %w", err)
	}
	aifo := strings.Join(strings.Fields(a.PersonID), "")
	return []string{key.Hash([]byte(aifo)), audit.MorePersons}, nil
}
