package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"brana/egon"
	"brana/limits"
	"brana/policy"
)

// failing is a relay that fails with err.
func failing(err error) func(*settings) {
	return relayTo(
		func(_ context.Context, m *egon.Message) (*egon.Answer, error) { return nil, err },
	)
}

// admitting decides as d and err say.
func admitting(d limits.Decision, err error) func(*settings) {
	return func(s *settings) {
		s.parts.Limiter = &limiterFunc{admit: func(context.Context, limits.Call) (limits.Decision, error) {
			return d, err
		}}
	}
}

// by has the default route relay what a rule lets pass.
func by(rule policy.ItemRule) func(*settings) {
	return func(s *settings) { s.cfg.Routes.Default.Items = rule }
}

func TestRefusals(t *testing.T) {
	ais := egon.Party{Kind: egon.Ais, Code: "42"}
	for _, c := range []struct {
		name   string
		change func(*settings)
		path   string
		call   call
		kind   *Kind
		want   []string // in the answer
	}{
		{
			"unknown AIS", nil, "E05", call{ais: "999003"}, NotGranted,
			[]string{"BR_101: ", "Ais 999003", requestID, iszrID},
		},
		{
			"expired grant", nil, "E05", call{ais: "999002"},
			NotGranted, []string{"BR_101: ", "Platnost"},
		},
		{"service not granted", nil, "E172", call{code: "E172"}, NotGranted, []string{"E172"}},
		{"items beyond the matrix", by(policy.Strict), "E05", call{items: []string{"Jmeno", "Doklad", "Telefon"}}, ItemNotPermitted,
			[]string{"BR_111: Nepovolené položky v SeznamUdaju: Doklad, Telefon. Pro X999/XR1/12345678 je povolený rozsah v odpovědi služby E227."}},
		{"items beyond the grant", by(policy.Strict), "E05", call{items: []string{"EopPodpis", "Doklad"}}, ItemNotPermitted,
			[]string{
				"BR_111: Nepovolené položky v SeznamUdaju: Doklad. Pro ",
				"BR_111: Nepovolené položky v SeznamUdaju: EopPodpis. Služba E227 je neuvádí",
			}},
		{"no items", by(policy.Strict), "E05", call{}, ItemNotPermitted, []string{
			"BR_111: SeznamUdaju chybí, nebo nežádá žádnou položku. Uveďte v něm ty, které " +
				"potřebujete. Pro X999/XR1/12345678 je povolený rozsah v odpovědi služby E227.",
		}},
		{"no items but control words", by(policy.Strict), "E05", call{items: []string{"ROBCti"}},
			ItemNotPermitted, []string{"BR_111: SeznamUdaju chybí, nebo nežádá žádnou položku."}},
		{"no items, and none to fill in", by(policy.AsIszr), "E189", call{code: "E189"},
			ItemNotPermitted, []string{
				"BR_111: SeznamUdaju nežádá žádnou položku a žádnou do něj nelze doplnit: volající " +
					"nemá ke službě E189 žádnou povolenou. Oprávnění k položkám evidencí dává správce " +
					"brány.",
			}},
		{"no item left", by(policy.AsIszr), "E05", call{items: []string{"Doklad", "EopPodpis"}},
			ItemNotPermitted, []string{
				"BR_111: Ze SeznamUdaju nezbyla žádná povolená položka. Nepovolené jsou: Doklad. " +
					"Pro X999/XR1/12345678 je povolený rozsah v odpovědi služby E227.",
				"BR_111: Ze SeznamUdaju nezbyla žádná povolená položka. Nepovolené jsou: " +
					"EopPodpis. Služba E227 je neuvádí, oprávnění k nim dává správce brány.",
			}},
		{"an unknown word among others", by(policy.AsIszr), "E05",
			call{items: []string{"Jmeno", "Jmneo"}}, InvalidData, []string{"známé položky: Jmneo. "}},
		{"words that are no items", by(policy.Strict), "E05", call{items: []string{
			"Jmneo", "Doklad", "jmeno", "Jmeno,Prijmeni", "Jmeno\u00a0Prijmeni",
		}}, InvalidData,
			[]string{
				"BR_301: ",
				"nejsou známé položky: Jmneo, jmeno (správně Jmeno), Jmeno,Prijmeni (obsahuje znak U+002C), Jmeno[U+00A0]Prijmeni (obsahuje znak U+00A0). ",
			}},
		{
			"a word that is longer than any item", by(policy.Strict), "E05",
			call{items: []string{strings.Repeat("x", 5000)}},
			InvalidData, []string{": " + strings.Repeat("x", 64) + ". "},
		},
		{"over the hour", admitting(limits.Decision{
			Verdict:    limits.OverQuota,
			Quota:      10,
			RetryAfter: 90 * time.Second,
		}, nil), "E05", call{}, HourlyQuota,
			[]string{"BR_201: ", "10 volání", "90 s"}},
		{"over concurrency", admitting(limits.Decision{
			Verdict:    limits.OverConcurrency,
			RetryAfter: time.Second,
		}, nil), "E05", call{}, ConcurrencyQuota,
			[]string{"BR_202: ", "nejvýše 2 "}},
		{
			"no decision", admitting(limits.Decision{}, errors.New("no Redis")),
			"E05", call{}, LimitsUnavailable, []string{"BR_203: "},
		},
		{
			"too many exchanges", func(s *settings) { s.cfg.MaxExchanges = -1 },
			"E05", call{}, Overloaded, []string{"BR_204: "},
		},
		{
			"empty id", nil, "E05", call{id: "x"}, InvalidData,
			[]string{"BR_301: ", "AgendaZadostId"},
		},
		{
			"another service in the body", nil, "E05", call{code: "E03"},
			ServiceMismatch, []string{"BR_302: ", "E03", "RobCtiPodleUdajuResponse"},
		},
		{
			"a sync service called async", nil, "E198?async",
			call{code: "E227"}, ServiceMismatch, nil,
		},
		{
			"a local service called async", nil, "E227?async",
			call{code: "E227"}, SyncOnlyKind, []string{"BR_305: ", requestID},
		},
		{
			"the upstream does not answer", failing(&egon.CallError{Err: io.ErrUnexpectedEOF}),
			"E05", call{}, RegistryFailed, []string{"BR_401: ", "ISZR"},
		},
		{
			"the upstream names itself",
			failing(&egon.CallError{Party: ais, Err: io.ErrUnexpectedEOF}),
			"E05", call{}, AisFailed, []string{"BR_402: ", "42"},
		},
		{
			"the deadline", failing(&egon.CallError{Timeout: true, Err: context.DeadlineExceeded}),
			"E05", call{}, Deadline, []string{"BR_403: ", "ISZR"},
		},
		{
			"the upstream's pace",
			failing(&egon.CallError{Busy: true, Err: errors.New("no turn")}), "E05",
			call{}, Overloaded, []string{"BR_204: ", "ISZR", "čeká příliš mnoho"},
		},
		{"the bare deadline", failing(context.DeadlineExceeded), "E05", call{}, Deadline, nil},
		{
			"too large a question", nil, "E227",
			call{code: "E227", inner: strings.Repeat(" ", 64<<10)},
			TooLargeKind, []string{"BR_504: ", "65536"},
		},
		{"no such service", nil, "E999", call{}, UnknownService, []string{"BR_503: "}},
		{"lower case", nil, "e05", call{}, UnknownService, []string{"se píše E05"}},
		{
			"no route", func(s *settings) { s.cfg.Routes.Services["E05"] = Route{} },
			"E05", call{}, UnknownService, []string{"E05 není"},
		},
		{"another query", nil, "E05?async=1", call{}, UnknownService, []string{"async"}},
	} {
		for _, mode := range []StatusMode{EgonMode, HTTPMode} {
			t.Run(fmt.Sprint(c.name, " mode ", mode), func(t *testing.T) {
				s := startGateway(t, func(s *settings) {
					s.cfg.StatusMode = mode
					if c.change != nil {
						c.change(s)
					}
				})
				r := s.post(t, "/publikace/"+c.path, c.call.message())
				checkRefusal(t, r, c.kind, mode, c.want)
				if got := s.outcome(t); got != c.kind.Code {
					t.Errorf("outcome = %s, want %s", got, c.kind.Code)
				}
			})
		}
	}
}

// checkRefusal checks what every refusal has: status, form, code, and the
// sentence within its bound.
func checkRefusal(t *testing.T, r *http.Response, k *Kind, mode StatusMode, want []string) {
	t.Helper()
	body := read(t, r)
	root := parse(t, body)
	status := 200
	switch {
	case mode == HTTPMode:
		status = k.Status
	case k.SubKod == "":
		status = 500
	}
	if r.StatusCode != status {
		t.Errorf("status %d, want %d", r.StatusCode, status)
	}
	want = append(want, fmt.Sprintf("BR_%03d: ", k.Number))
	if k.SubKod == "" {
		want = append(want, "<faultcode>s:"+string(k.Fault)+"<")
		if k.Fault == egon.FaultClient || k.Fault == egon.FaultServer {
			want = append(want, k.Code)
		} else if strings.Contains(body, "<detail") { // SOAP 1.1 §4.4
			t.Errorf("a Fault about the Envelope has a detail: %s", body)
		}
	} else {
		want = append(want, "VysledekKod>CHYBA<", "VysledekSubKod>"+k.SubKod+"<")
	}
	for _, w := range want {
		if !strings.Contains(body, w) {
			t.Errorf("%q is missing in %s", w, body)
		}
	}
	if got := r.Header.Get("Retry-After") != ""; got != (k.SubKod == unavailable) {
		t.Errorf("Retry-After: %q", r.Header.Get("Retry-After"))
	}
	eachPopis(root, func(popis string) {
		if n := len([]rune(popis)); n > 1024 {
			t.Errorf("VysledekPopis has %d characters", n)
		}
	})
}

func TestEveryKindCanBeAnswered(t *testing.T) {
	for _, k := range Kinds() {
		for _, mode := range []StatusMode{EgonMode, HTTPMode} {
			s := startGateway(t, failing(refuse(k)), func(s *settings) { s.cfg.StatusMode = mode })
			checkRefusal(t, s.post(t, "/publikace/E05", call{}.message()), k, mode, nil)
		}
	}
}

// The caller must learn of each refused item, however many there are.
func TestEveryRefusedItemIsNamed(t *testing.T) {
	var items []string
	for i := range 200 {
		items = append(items, fmt.Sprintf("NejakyVelmiDlouhyNeznamyUdaj%03d", i))
	}
	s := startGateway(t, by(policy.Strict))
	body := read(t, s.post(t, "/publikace/E05", call{items: items}.message()))
	for _, item := range items {
		if !strings.Contains(body, item) {
			t.Errorf("%s is not named", item)
		}
	}
	longest := 0
	eachPopis(parse(t, body), func(popis string) { longest = max(longest, len([]rune(popis))) })
	if longest == 0 || longest > 1024 {
		t.Errorf("the longest VysledekPopis has %d characters", longest)
	}
}
