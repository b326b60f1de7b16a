package query

import (
	"bytes"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"brana/audit"
)

// A CSV printer writes a row for each use (RFC 4180), the names of the columns first. A
// cell that a spreadsheet would take for a formula has an apostrophe before it.
type CSV struct {
	*writer
	text bytes.Buffer
	csv  *csv.Writer
	row  []string
}

// A column is a name and what it shows of a use.
type column struct {
	name string
	cell func(*Use) string
}

var columns = []column{
	{"journal", func(u *Use) string { return u.Dir }},
	{"time", func(u *Use) string { return u.Time().Format(time.RFC3339Nano) }},
	{"ended", func(u *Use) string { return u.Ended().Format(time.RFC3339Nano) }},
	{"agenda", ofCall(func(r *audit.Record) string { return r.Agenda })},
	{"role", ofCall(func(r *audit.Record) string { return r.Role })},
	{"ovm", ofCall(func(r *audit.Record) string { return r.Ovm })},
	{"ais", ofCall(func(r *audit.Record) string { return r.Ais })},
	{"subjekt", ofCall(func(r *audit.Record) string { return r.Subjekt })},
	{"uzivatel", ofCall(func(r *audit.Record) string { return r.Uzivatel })},
	{"duvod_ucel", ofCall(func(r *audit.Record) string { return r.DuvodUcel })},
	{"service", ofCall(func(r *audit.Record) string { return r.Service })},
	{"agenda_zadost_id", ofCall(func(r *audit.Record) string { return r.AgendaZadostId })},
	{"iszr_zadost_id", func(u *Use) string { return iszrZadostId(u) }},
	{"peer", ofCall(func(r *audit.Record) string { return r.Peer })},
	{"certificate", ofCall(func(r *audit.Record) string { return r.Certificate })},
	{"asked", ofCall(func(r *audit.Record) string { return strings.Join(r.Asked, " ") })},
	{"parameters", ofCall(func(r *audit.Record) string { return strings.Join(r.Parameters, " ") })},
	{"verdict", ofDecision(func(d *audit.RecordedDecision) string { return d.Verdict })},
	{"refused", ofDecision(func(d *audit.RecordedDecision) string { return refusedItems(d.Refused) })},
	{"rule", ofDecision(func(d *audit.RecordedDecision) string { return d.Rule })},
	{"row", ofDecision(func(d *audit.RecordedDecision) string { return d.Row })},
	{"policy", ofDecision(func(d *audit.RecordedDecision) string { return d.Policy })},
	{"outcome", func(u *Use) string { return u.Outcome() }},
	{"kod", ofLast(func(r *audit.Record) string { return r.Kod })},
	{"sub_kody", ofLast(func(r *audit.Record) string { return strings.Join(r.SubKody, ", ") })},
	{"status", ofLast(func(r *audit.Record) string { return number(int64(r.Status)) })},
	{"broken", ofLast(func(r *audit.Record) string { return r.Broken })},
	{"returned", ofLast(func(r *audit.Record) string { return strings.Join(r.Returned, " ") })},
	{"request_bytes", ofLast(func(r *audit.Record) string { return number(r.RequestBytes) })},
	{"response_bytes", ofLast(func(r *audit.Record) string { return number(r.ResponseBytes) })},
	{"took_us", ofLast(func(r *audit.Record) string { return number(r.TookMicros) })},
	{"seq", ofCall(func(r *audit.Record) string { return strconv.FormatUint(r.Seq, 10) })},
	// A new column comes last: readers may go by places.
	{"removed", ofDecision(func(d *audit.RecordedDecision) string { return refusedItems(d.Removed) })},
	{"would_remove", ofDecision(func(d *audit.RecordedDecision) string {
		return refusedItems(d.WouldRemove)
	})},
	{"filled", ofDecision(func(d *audit.RecordedDecision) string {
		return strings.Join(d.Filled, " ")
	})},
	{"filtered", ofLast(func(r *audit.Record) string { return strings.Join(r.Filtered, " ") })},
}

func ofCall(cell func(*audit.Record) string) func(*Use) string {
	return func(u *Use) string {
		if u.Call == nil {
			return ""
		}
		return cell(u.Call)
	}
}

func ofLast(cell func(*audit.Record) string) func(*Use) string {
	return func(u *Use) string {
		if u.Last() == nil {
			return ""
		}
		return cell(u.Last())
	}
}

func ofDecision(cell func(*audit.RecordedDecision) string) func(*Use) string {
	return ofCall(func(r *audit.Record) string {
		if r.Decision == nil {
			return ""
		}
		return cell(r.Decision)
	})
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// iszrZadostId is the number of the answer, or the one that the gateway gave the call.
func iszrZadostId(u *Use) string {
	if u.Result != nil && u.Result.IszrZadostId != "" {
		return u.Result.IszrZadostId
	}
	return u.first().IszrZadostId
}

// refusedItems lists what was not permitted and why, as "RodneCislo (grant) StavOsoby (row)".
func refusedItems(list []audit.RecordedRefused) string {
	var b strings.Builder
	for i, r := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(r.Word)
		if r.Why != "" {
			b.WriteString(" (" + r.Why + ")")
		}
	}
	return b.String()
}

// NewCSV returns a printer; Flush is called at the end.
func NewCSV(out io.Writer) *CSV {
	p := &CSV{writer: newWriter(out), row: make([]string, len(columns))}
	p.csv = csv.NewWriter(&p.text)
	p.csv.UseCRLF = true
	for i, c := range columns {
		p.row[i] = c.name
	}
	_ = p.write() // the buffer keeps the error
	return p
}

// Print writes a use.
func (p *CSV) Print(u *Use) error {
	for i, c := range columns {
		p.row[i] = Inert(c.cell(u))
	}
	return p.write()
}

func (p *CSV) write() error {
	p.text.Reset()
	_ = p.csv.Write(p.row) // a bytes.Buffer takes everything
	p.csv.Flush()
	return p.line(p.text.Bytes())
}

// Inert returns a cell that no spreadsheet takes for a formula: with an apostrophe before it if
// it would be one. Callers write such texts.
func Inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
