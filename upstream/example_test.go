package upstream_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"brana/egon"
	"brana/upstream"
)

// A relay sends the bytes of a message unchanged and returns those of the answer.
func ExampleRelay_Send() {
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		question, _ := io.ReadAll(r.Body)
		fmt.Printf("%s, SOAPAction %s: %s\n", r.URL.Path, r.Header.Get("SOAPAction"), question)
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		_, _ = io.WriteString(w, "<answer/>")
	}))
	defer registry.Close()

	client, err := upstream.NewClient(upstream.Config{
		Name:    "iszr",
		URL:     registry.URL + "/publikace",
		Breaker: upstream.DefaultBreaker(),
	})
	if err != nil {
		fmt.Println(err) // every mistake in the configuration
		return
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	question := "<question/>"
	answer, sent, err := upstream.NewRelay(client).Send(ctx, &egon.Message{
		Service: egon.ServiceByCode("E05"),
		Length:  int64(len(question)),
		Whole:   true,
		Body:    strings.NewReader(question),
	}, nil)
	if err != nil {
		fmt.Println(err) // an *egon.CallError, or an error of the Body
		return
	}
	defer answer.Body.Close() // gives the connection back
	body, err := io.ReadAll(answer.Body)
	fmt.Printf("%d, sent: %t: %s, %v\n", answer.HTTPStatus, !sent.IsZero(), body, err)
	// Output:
	// /publikace/E05, SOAPAction "IszrRobCtiPodleUdaju": <question/>
	// 200, sent: true: <answer/>, <nil>
}
