package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/egon"
)

// traced returns the spans in alphabetical order, without their times: steps that run
// side by side begin in any order.
func traced(tr *egon.Trace) string {
	var spans []string
	for _, s := range tr.Spans() {
		spans = append(spans, fmt.Sprint(s.Registry, " ", s.Message, " ", s.Result))
	}
	slices.Sort(spans)
	return strings.Join(spans, ", ")
}

// Each message of E198 leaves a span that says what came of it, also when the call fails.
func TestTraceOfAWorkflow(t *testing.T) {
	const before = "eop X21 ok, org G27 ok, org G27 ok, "
	well := allWell()
	varovani := func(answer string) string {
		return strings.Replace(answer, ">OK</reg:VysledekKod>", ">VAROVANI</reg:VysledekKod>", 1)
	}
	chyba := func(answer string) string {
		return strings.Replace(answer, ">OK</reg:VysledekKod>", ">CHYBA</reg:VysledekKod>", 1)
	}
	for _, tt := range []struct {
		name  string
		world answers
		want  string
	}{
		{"all is well", allWell(), before + "rob O08 ok, rob O25 ok, ruian A28 ok"},
		{"a new AIFO", allWell().with("G27 caller", org("OrgCtiAifo", "OK", lacking, ""),
			"G02", org("OrgZalozAifo", "OK", known, "")),
			"eop X21 ok, org G02 ok, org G27 ok, org G27 ok, rob O08 ok, rob O25 ok, ruian A28 ok"},
		{"a warning", allWell().with("A28", varovani(well["A28"])),
			before + "rob O08 ok, rob O25 ok, ruian A28 varovani"},
		{"not translated", allWell().with("G27 ROB",
			org("OrgCtiAifo", "CHYBA", invalid, orgStatus("AIFO NENALEZENO"))),
			"eop X21 ok, org G27 chyba, org G27 ok"},
		// The first failure ends the other branch, wherever that is.
		{"refused", allWell().with("A28", chyba(well["A28"])), "ruian A28 chyba"},
		{"a Fault", allWell().with("A28", "<s:Fault><faultcode>s:Server</faultcode></s:Fault>"),
			"ruian A28 fault"},
		{"a connection breaks", allWell().with("A28", down), "ruian A28 failed"},
		{"the evidence is down", allWell().with("X21", down), "eop X21 failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := tt.world.start(t)
			var tr egon.Trace
			h := e198Head("EopFoto", "AdresaPobytu", "ROBCti", "RUIANCti")
			a, _, err := m.Serve(t.Context(), h, &tr)
			if err == nil {
				_, _ = io.Copy(io.Discard, a.Body)
				_ = a.Body.Close()
			}
			if got := traced(&tr); got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
				t.Errorf("trace: %s\nwant: %s", got, tt.want)
			}
			if tr.Omitted() != 0 {
				t.Errorf("%d spans omitted", tr.Omitted())
			}
		})
	}
}

// An evidence that breaks in its media is no ok, although its head was one.
func TestTraceOfAnEvidenceThatBreaks(t *testing.T) {
	world := allWell()
	world["X21"] = strings.Replace(world["X21"], "</s:Fotka>", "<<", 1)
	m, _ := world.start(t)
	var tr egon.Trace
	if _, _, err := m.Serve(t.Context(), e198Head("EopFoto"), &tr); err == nil {
		t.Fatal("a malformed answer was served")
	}
	if !strings.Contains(traced(&tr), "eop X21 failed") {
		t.Errorf("trace: %s", traced(&tr))
	}
}

// One that breaks after its head was sent on is no ok either. One that the caller does not
// read to its end is.
func TestTraceOfAnEvidenceThatBreaksLate(t *testing.T) {
	long := strings.Replace(photo, "QUJD", strings.Repeat("QUJD", 1<<20), 1)
	for _, tt := range []struct {
		name, media string
		read        bool
		want        string
	}{
		{"whole", long, true, "eop X21 ok"},
		{"malformed", strings.Replace(long, "</s:Fotka>", "<<", 1), true, "eop X21 failed"},
		{"closed", long, false, "eop X21 ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := allWell().with("X21",
				eop("OK", known, appStatus("OK", "")+aifo1+tt.media)).start(t)
			var tr egon.Trace
			a, _, err := m.Serve(t.Context(), e198Head("EopFoto"), &tr)
			if err != nil {
				t.Fatal(err)
			}
			if tt.read {
				_, _ = io.Copy(io.Discard, a.Body)
			}
			_ = a.Body.Close()
			_, _ = a.Body.Read(make([]byte, 1)) // it was closed
			if got := traced(&tr); !strings.HasPrefix(got, tt.want+",") {
				t.Errorf("trace %s, want %s", got, tt.want)
			}
		})
	}
}

// A relayed message leaves one span. Its status is unknown here.
func TestTraceOfARelay(t *testing.T) {
	cut := errors.New("cut")
	down := answering("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
	trips := Breaker{Failures: 1, Window: time.Minute, Open: time.Minute}
	for _, tt := range []struct {
		name   string
		fake   rawFake
		config Config
		calls  int
		m      *egon.Message
		want   string
	}{
		{"answered", answering(ok("<a/>")), Config{}, 1, nil, "fake relay answered"},
		{"an error status", down, Config{}, 1, nil, "fake relay failed"},
		{"silence", silent(), Config{Timeout: 20 * time.Millisecond}, 1, nil,
			"fake relay timeout"},
		{"an open breaker", down, Config{Breaker: trips}, 2, nil, "fake relay refused"},
		{"no turn", answering(ok("<a/>")), Config{Pace: Pace{PerSecond: 1e-3, Burst: 1}}, 2, nil,
			"fake relay busy"},
		{"the caller's message breaks", silent(), Config{}, 1,
			&egon.Message{Service: e05, Length: -1, Body: &failing{cut}}, "fake relay ended"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.URL = tt.fake.listen(t)
			r := NewRelay(client(t, tt.config))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			var tr egon.Trace
			for range tt.calls {
				m := tt.m
				if m == nil {
					m = text("<b/>")
				}
				tr.Reset()
				if a, _, err := r.Send(ctx, m, &tr); err == nil {
					_ = a.Body.Close()
				}
			}
			if got := traced(&tr); got != tt.want {
				t.Errorf("trace %q, want %q", got, tt.want)
			}
		})
	}
}

// The trace names what goes out: the items of ROB's answer, and each kind of media of which
// a picture does. What is left out, nil or empty is not named.
func TestReturnedByAWorkflow(t *testing.T) {
	empty := strings.Replace(photo, "QUJD", " ", 1)
	both := []string{"EopFoto", "EopPodpis"}
	rob := []string{"EopFoto", "Jmeno", "AdresaPobytu", "DatumNarozeni", "ROBCti", "RUIANCti"}
	media := func(media string) answers {
		return allWell().with("X21", eop("OK", known, appStatus("OK", "")+aifo1+media))
	}
	for _, tt := range []struct {
		name  string
		words []string
		from  string // of the photos
		world answers
		want  string
	}{
		{"media", both, "", media(photo + sign), "EopFoto EopPodpis"},
		{"media not asked for", both[:1], "", media(photo + sign), "EopFoto"},
		{"no media", both, "", media(""), ""},
		{"an empty one", both, "", media(empty + sign), "EopPodpis"},
		{"of another day", both, "2020-01-01 - -", media(photo + sign), "EopPodpis"},
		{"of the day", both, "2016-01-01 - -", media(photo), "EopFoto"},
		{"long, of the day", both, "2011-01-01 - -", media(longPhoto), "EopFoto"},
		{"one of the day", both, "2020-01-01 - -", media(photo + photoOf("2021-03-15")), "EopFoto"},
		{"items", rob, "", allWell().with("O08", cti(`<rod:AdresaPobytu>14492253</rod:AdresaPobytu>`+
			`<rod:DatumNarozeni xsi:nil="true" xmlns:xsi="`+egon.NSXSI+`"/><rod:Jmeno>ZORAN</rod:Jmeno>`+
			`<rod:Prijmeni>x</rod:Prijmeni>`)), "AdresaPobytu Aifo EopFoto Jmeno"},
		{"items not verified", rob, "", allWell().with("O25",
			over(robStatus("VAROVANI", "PARCIALNI ZAZNAM NENALEZEN"), "")), "EopFoto"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := tt.world.start(t)
			var tr egon.Trace
			a, _, err := m.Serve(t.Context(), asking(tt.from, tt.words...), &tr)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, a.Body)
			_ = a.Body.Close()
			got := slices.Sorted(tr.Returned().Words())
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
