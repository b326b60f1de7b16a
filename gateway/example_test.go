package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"brana/egon"
	"brana/gateway"
	"brana/gateway/metrics"
	"brana/limits"
	"brana/policy"
)

const grants = `grants:
  - agenda: X999
    role: XR1
    ovm: "12345678"
    ais: 999001
    environment: test
    valid: {from: 2026-01-01, to: 2099-12-31}
    services: [E05]
    limits: {working_hours: 100/h, off_hours: 100/h, concurrent: 2}
`

// registry stands for the bus: it reads the whole message and answers OK.
type registry struct{}

func (registry) Send(
	_ context.Context, m *egon.Message, _ *egon.Trace,
) (*egon.Answer, time.Time, error) {
	sent := time.Now()
	if _, err := io.Copy(io.Discard, m.Body); err != nil {
		return nil, sent, err
	}
	reply := egon.AppendReply(nil, m.Service, true, &egon.OdpovedInfo{
		CasOdpovedi:  time.Now(),
		Status:       egon.Status{Kod: egon.OK},
		IszrZadostId: uuid.NewString(),
	})
	return &egon.Answer{
		HTTPStatus:  http.StatusOK,
		ContentType: "text/xml; charset=utf-8",
		Length:      int64(len(reply)),
		Body:        io.NopCloser(bytes.NewReader(reply)),
	}, sent, nil
}

// A gateway of one route, and two callers: one has a grant, the other has none.
func Example() {
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		files := fstest.MapFS{
			"grants/a.yaml": {Data: []byte(grants)},
			"matrix.csv": {Data: []byte("agenda,role,ovm,kod_iszr,kod_rpp\n" +
				"X999,XR1,12345678,Jmeno,101-1-2\n")},
		}
		return policy.LoadFS(files, policy.Config{
			Dir: "grants", MatrixFile: "matrix.csv", Environment: policy.Test,
		})
	})
	if err != nil {
		log.Fatal(err)
	}
	calendar, err := limits.NewCalendar(limits.CalendarConfig{
		Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague",
	})
	if err != nil {
		log.Fatal(err)
	}
	g, err := gateway.New(gateway.Config{
		StatusMode: gateway.HTTPMode,
		Routes: gateway.Routes{
			Default: gateway.Route{Kind: gateway.RelayRoute, Name: "iszr", Relay: registry{}},
		},
	}, gateway.Parts{
		Policy:  store,
		Limiter: limits.NewMemory(calendar, nil),
		Log:     zap.NewNop(),
		Metrics: gateway.NewMetrics(metrics.Sources{}),
		NewID:   uuid.NewString,
	})
	if err != nil {
		log.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- g.Serve(ln) }()

	for _, ais := range []string{"999001", "999002"} {
		fmt.Println(ais, call("http://"+ln.Addr().String()+"/publikace/E05", ais))
	}
	fmt.Println(g.Shutdown(context.Background()), <-served)
	// Output:
	// 999001 200 OK
	// 999002 403 Forbidden
	// <nil> <nil>
}

// call calls E05 as an AIS, and returns the HTTP status.
func call(url, ais string) string {
	message := egon.AppendRequest(nil, &egon.Request{
		Service:   egon.ServiceByCode("E05"),
		Enveloped: true,
		Items:     []string{"Jmeno"},
		Info: &egon.ZadostInfo{
			CasZadosti:     []byte(time.Now().Format(time.RFC3339)),
			Agenda:         []byte("X999"),
			AgendovaRole:   []byte("XR1"),
			Ovm:            []byte("12345678"),
			Ais:            []byte(ais),
			Subjekt:        []byte("OVM"),
			Uzivatel:       []byte("novak"),
			DuvodUcel:      []byte("example"),
			AgendaZadostId: []byte(uuid.NewString()),
		},
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post(url, "text/xml; charset=utf-8", bytes.NewReader(message))
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body) // the status is enough here
	return response.Status
}
