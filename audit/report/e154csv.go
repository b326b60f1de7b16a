package report

import (
	"encoding/csv"
	"io"
	"time"

	"brana/audit/query"
)

// A CSVWriter writes uses as rows with the columns of E154, SeznamUdaju in words, and two more:
// the service, and whether the use finished. The caller closes it.
type CSVWriter struct {
	out  *csv.Writer
	zone *time.Location
}

// NewCSVWriter writes the names of the columns.
func NewCSVWriter(w io.Writer, zone *time.Location) *CSVWriter {
	c := &CSVWriter{csv.NewWriter(w), zone}
	_ = c.out.Write(append(columns[:], "Sluzba", "Ukonceno")) // Close returns the error
	return c
}

// Add writes a use if data went out with it.
func (c *CSVWriter) Add(u *query.Use) error {
	row, ok := usageOf(u, c.zone)
	if !ok {
		return nil
	}
	cells := append(row.fields[:], u.Call.Service, yes(row.finished))
	for i := range cells {
		cells[i] = query.Inert(cells[i])
	}
	return c.out.Write(cells)
}

// Close ends the rows. It returns the first failure to write.
func (c *CSVWriter) Close() error {
	c.out.Flush()
	return c.out.Error()
}
