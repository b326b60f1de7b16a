package admin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/prometheus/client_golang/prometheus"

	"brana/gateway/admin"
)

// Conditions of readiness are values; an advisory one does not end it.
func Example() {
	handler := admin.New(admin.Config{
		Metrics: prometheus.NewRegistry(),
		Checks: func(context.Context) []admin.Check {
			return []admin.Check{
				{Name: "accepting"},
				{Name: "upstream rob", Err: errors.New("its breaker is open"), Advisory: true},
			}
		},
	})
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("GET", "http://localhost/readyz?verbose", nil))
	fmt.Print(answer.Code, "\n", answer.Body)
	// Output:
	// 200
	// [+] accepting
	// [!] upstream rob: its breaker is open
}
