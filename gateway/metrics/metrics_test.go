package metrics

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

var update = flag.Bool("update", false, "write the generated page")

func TestGeneratedDocs(t *testing.T) {
	const file = "../../docs/metrics.md"
	if *update {
		if err := os.WriteFile(file, []byte(page()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page(), string(got)); diff != "" {
		t.Errorf("%s is not what the code says; run make docs (-code +page):\n%s", file, diff)
	}
}

// head is the beginning of the page, with ' in the place of backquotes.
const head = `# Metrics

Generated from the calls in 'gateway/metrics' that register them, by 'make docs'. They are at
'/metrics' of the admin listener.

Labels are from closed sets:

- 'service' is a code of the catalogue, or unknown.
- 'outcome' is a kind of [refusal](refusals.md), the status of the answer (ok, varovani, chyba,
  fault, unknown), wsdl, upstream-broke, caller-left, or cut: by the gateway at the end of a drain.
- 'bound' is a key of listen or listen.bounds, header (of the HTTP request, 16 KiB), held (what must
  be held back) or slow.
- Other labels are explained in the table.

| metric | type | labels | help |
|---|---|---|---|
`

func page() string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(head, "'", "`"))
	for _, m := range Table() {
		labels := strings.Join(m.Labels, ", ")
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", m.Name, m.Type, labels, m.Help)
	}
	return b.String()
}

// all are sources of which each has something to report.
func all() Sources {
	one := func() float64 { return 1 }
	return Sources{
		Connections: one, Exchanges: one, Jobs: one,
		PolicyLoaded: one, PolicyGrants: one, PolicyRows: one, ReloadFailures: one, LinesLost: one,
		Certificates: func(report func(time.Time, string)) {
			report(time.Unix(1, 0), "listen.tls.cert")
		},
		CallerCertificates: func(report func(end time.Time, ais, issuer, serial string)) {
			report(time.Unix(2, 0), "999001", "CN=Test CA", "64")
		},
		Breakers: func(report func(upstream string, state int)) { report("rob", 2) },
		Ledger: func() Ledger {
			return Ledger{
				State: "normal",
				Spent: map[string]time.Duration{"normal": time.Minute, "down": 0},
			}
		},
		Audit:  func() Journal { return Journal{Segment: time.Now(), Copies: map[string]uint64{"sent": 1}} },
		Matrix: func() Matrix { return Matrix{Oldest: time.Now(), Fresh: 1} },
	}
}

// happen makes each thing happen once that has labels which do not begin at
// zero.
func happen(m *Metrics) {
	m.Ended(&Ended{Service: "E05", Outcome: "overloaded", Refusal: "overloaded", Bound: "slow"})
	m.ItemReturned("Jmeno", true)
	m.ItemsEdited([]string{"Jmeno"}, Filtered)
	m.ConnectionRefused("total")
	m.HandshakeEnded(true)
	m.HandshakeFailed("timeout")
	m.MessageSent("rob", "E198", time.Millisecond)
	m.BreakerOpened("rob")
	m.QueueChanged("999001", QueueChange{})
	m.Degraded("share")
	m.Refreshed("row")
	m.Committed(time.Millisecond, false)
}

func gather(t *testing.T, m *Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

func TestTheTableIsWhatIsRegistered(t *testing.T) {
	m := New(all(), Labels{})
	happen(m)
	got := gather(t, m)
	for _, row := range Table() {
		f := got[row.Name]
		if f == nil {
			t.Errorf("%s is not registered", row.Name)
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		want := slices.Sorted(slices.Values(row.Labels))
		if !slices.Equal(labels, want) {
			t.Errorf("%s has the labels %v, want %v", row.Name, labels, want)
		}
		kind := strings.ToLower(f.GetType().String())
		if kind != row.Type || f.GetHelp() != row.Help {
			t.Errorf("%s is a %s, want %s; help %q", row.Name, kind, row.Type, f.GetHelp())
		}
		delete(got, row.Name)
	}
	for name := range got {
		t.Errorf("%s is not in the table", name)
	}
}

// What has no source is absent, not zero: an alert on it would mean nothing.
func TestMetricsWithoutASourceAreAbsent(t *testing.T) {
	m := New(Sources{}, Labels{RefreshResults: []string{"row"}})
	happen(m)
	m.ServedStale()
	m.Refilled(&Refill{Result: Answered, Leases: []int64{1}, Lost: true})
	got := gather(t, m)
	for _, name := range []string{
		"brana_limits_ledger_seconds", "brana_limits_permits_total", "brana_limits_state",
		"brana_limits_ledger_losses_total", "brana_limits_lease_permits", "brana_matrix_rows",
		"brana_matrix_refreshes_total", "brana_matrix_stale_serves_total", "brana_policy_grants",
		"brana_connections_open", "brana_upstream_breaker_state", "brana_log_lines_lost_total",
	} {
		if got[name] != nil {
			t.Errorf("%s is there", name)
		}
	}
}

// A label whose values are known is there before anything happened: a rate needs
// a value to start from.
func TestKnownLabelsBeginAtZero(t *testing.T) {
	got := gather(t, New(all(), Labels{
		Bounds:            []string{"slow"},
		ConnectionLimits:  []string{"total"},
		HandshakeFailures: []string{"timeout"},
		Verdicts:          []string{"admitted"},
		DegradedModes:     []string{"share"},
		RefreshResults:    []string{"row"},
	}))
	for name, series := range map[string]int{
		"brana_bound_refusals_total":       1,
		"brana_connections_refused_total":  1,
		"brana_tls_handshake_errors_total": 1,
		"brana_limits_decisions_total":     2, // and unavailable
		"brana_limits_degraded_total":      1,
		"brana_limits_permits_total":       3,
		"brana_limits_ledger_seconds":      3,
		"brana_jobs_total":                 6,
		"brana_matrix_refreshes_total":     1,
		"brana_bytes_total":                2,
	} {
		if n := len(got[name].GetMetric()); n != series {
			t.Errorf("%s has %d series, want %d", name, n, series)
		}
	}
}

// An item that left with a right and without one counts in two series, and a word that no
// reply can hold as unknown.
func TestReturnedItemsByTheirRight(t *testing.T) {
	m := New(all(), Labels{Items: []string{"Jmeno"}})
	for range 3 {
		m.ItemReturned("Jmeno", true)
	}
	m.ItemReturned("Jmeno", false)
	m.ItemReturned("Vosahlo", false)
	got := map[string]float64{}
	for _, series := range gather(t, m)["brana_items_returned_total"].GetMetric() {
		name := ""
		for _, l := range series.GetLabel() {
			name += l.GetValue() + " "
		}
		got[strings.TrimSpace(name)] = series.GetCounter().GetValue()
	}
	want := map[string]float64{"Jmeno yes": 3, "Jmeno no": 1, "? no": 1}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Edits count by their kind, and of words that no reply can hold one for each call.
func TestEditedItems(t *testing.T) {
	m := New(all(), Labels{Items: []string{"Jmeno", "Prijmeni"}})
	for range 2 {
		m.ItemsEdited([]string{"Jmeno", "Vosahlo", "?Nove", "?"}, Filtered)
	}
	m.ItemsEdited([]string{"Jmeno", "Prijmeni"}, Filled)
	m.ItemsEdited(nil, Removed)
	got := map[string]float64{}
	for _, series := range gather(t, m)["brana_items_edited_total"].GetMetric() {
		name := ""
		for _, l := range series.GetLabel() {
			name += l.GetValue() + " "
		}
		got[strings.TrimSpace(name)] = series.GetCounter().GetValue()
	}
	want := map[string]float64{
		"filtered Jmeno": 2, "filtered ?": 2, "filled Jmeno": 1, "filled Prijmeni": 1,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestTheStateOfTheLedger(t *testing.T) {
	got := gather(t, New(all(), Labels{}))
	for _, m := range got["brana_limits_state"].GetMetric() {
		state := m.GetLabel()[0].GetValue()
		if in := m.GetGauge().GetValue() == 1; in != (state == "normal") {
			t.Errorf("the state is %s: %v", state, in)
		}
	}
	spent := got["brana_limits_state_seconds_total"].GetMetric()
	if len(spent) != 2 || spent[1].GetCounter().GetValue() != 60 {
		t.Errorf("spent %v", spent)
	}
}

func TestARefillIsCounted(t *testing.T) {
	m := New(all(), Labels{})
	m.Refilled(&Refill{Result: Failed, Took: time.Second, Granted: 5, Returned: 3, Replayed: 2,
		Leases: []int64{2, 3}, Lost: true})
	got := gather(t, m)
	permits := map[string]float64{}
	for _, m := range got["brana_limits_permits_total"].GetMetric() {
		permits[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
	}
	diff := cmp.Diff(map[string]float64{"granted": 5, "returned": 3, "replayed": 2}, permits)
	if diff != "" {
		t.Error(diff)
	}
	n := got["brana_limits_lease_permits"].GetMetric()[0].GetHistogram().GetSampleCount()
	if n != 2 {
		t.Errorf("%d leases", n)
	}
	if n := got["brana_limits_ledger_losses_total"].GetMetric()[0].GetCounter().GetValue(); n != 1 {
		t.Errorf("%v losses", n)
	}
}

func TestTwoGatewaysMayHaveMetrics(t *testing.T) {
	a, b := New(Sources{}, Labels{}), New(Sources{}, Labels{})
	err := prometheus.NewRegistry().Register(a.Registry)
	if err != nil || a.Registry == b.Registry {
		t.Error("metrics are shared")
	}
}

// Counting an exchange is on the path of every call.
func BenchmarkEnded(b *testing.B) {
	m := New(Sources{}, Labels{})
	e := Ended{Service: "E05", Outcome: "ok", Took: time.Millisecond, In: 1000, Out: 1000}
	b.ReportAllocs()
	for b.Loop() {
		m.Ended(&e)
	}
}
