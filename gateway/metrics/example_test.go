package metrics_test

import (
	"fmt"
	"time"

	"brana/gateway/metrics"
)

// What is counted is handed over as values; what is read comes from sources.
func Example() {
	m := metrics.New(metrics.Sources{
		Connections: func() float64 { return 12 },
	}, metrics.Labels{})
	m.Ended(&metrics.Ended{Service: "E05", Outcome: "ok", Took: 3 * time.Millisecond})

	families, err := m.Registry.Gather()
	if err != nil {
		fmt.Println(err)
	}
	for _, f := range families {
		switch f.GetName() {
		case "brana_connections_open":
			fmt.Println(f.GetName(), f.GetMetric()[0].GetGauge().GetValue())
		case "brana_exchanges_total":
			fmt.Println(f.GetName(), f.GetMetric()[0].GetCounter().GetValue())
		}
	}
	// Output:
	// brana_connections_open 12
	// brana_exchanges_total 1
}
