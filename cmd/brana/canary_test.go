package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"brana/cmd/brana/config"
)

// canary stands for personal data. Whichever peer sends it, in whichever part of a
// message, it is not in the log.
const canary = "Kanarkova"

// brokenAnswers are bytes that a server may send in place of an answer.
var brokenAnswers = map[string]string{
	"no HTTP":             canary + "\r\n\r\n",
	"another protocol":    canary + "/1.1 200 OK\r\n\r\n",
	"status":              "HTTP/1.1 " + canary + " OK\r\nContent-Length: 0\r\n\r\n",
	"reason":              "HTTP/1.1 503 " + canary + "\r\nContent-Length: 0\r\n\r\n",
	"field without colon": "HTTP/1.1 200 OK\r\n" + canary + "\r\n\r\n",
	"field with a blank":  "HTTP/1.1 200 OK\r\n" + canary + " x: y\r\n\r\n",
	"length":              "HTTP/1.1 200 OK\r\nContent-Length: " + canary + "\r\n\r\n",
	"two lengths":         "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2" + canary + "\r\n\r\n",
	"coding":              "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + canary + "\r\n\r\n",
	"chunk size":          "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n" + canary + "\r\n",
	"chunk end":           "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n<" + canary,
	"parameter of the type": "HTTP/1.1 200 OK\r\nContent-Type: text/html; x=\"" + canary + "\"; y=" + canary +
		"\r\nContent-Length: 1\r\n\r\nx", // the type is told
	"endless head": "HTTP/1.1 200 OK\r\nX: " + strings.Repeat(canary, 20_000),
	"text":         xmlAnswer(canary),
	"element":      xmlAnswer("<" + canary + "/>"),
	"element in an envelope": xmlAnswer(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><` + canary + ` xmlns="` +
		canary + `">` +
		canary + `</` + canary + `></s:Body></s:Envelope>`),
	"end tag":     xmlAnswer("<a></" + canary + ">"),
	"entity":      xmlAnswer("<a>&" + canary + ";</a>"),
	"instruction": xmlAnswer("<?" + canary + "?><a/>"),
	"fault": xmlAnswer(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:` + canary +
		`</faultcode><faultstring>` +
		canary + `</faultstring></s:Fault></s:Body></s:Envelope>`),
	"cut": "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<" + canary + ">" + canary,
}

func xmlAnswer(doc string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", len(doc), doc)
}

// An impostor is a server that answers whatever it is asked in the same way, and
// closes the connection.
type impostor struct {
	mu     sync.Mutex
	answer string
}

func startImpostor(t *testing.T) (s *impostor, address string) {
	t.Helper()
	s = &impostor{}
	ln := listen(t)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s, ln.Addr().String()
}

func (s *impostor) serve(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.WriteString(c, s.answer) // the gateway may have left
}

func (s *impostor) set(answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// noCanary fails when the log so far has it.
func (w *world) noCanary(t *testing.T, what string) {
	t.Helper()
	for _, line := range w.journal.lines() {
		if strings.Contains(strings.ToLower(string(line)), strings.ToLower(canary)) {
			t.Fatalf("%s: the log has it: %s", what, line)
		}
	}
}

// What a registry or the bus sends is not in the log.
func TestNoByteOfARegistryIsInTheLog(t *testing.T) {
	s, address := startImpostor(t)
	never := config.Count(0)
	w := startWorld(t, func(c *config.Config) {
		for name, u := range c.Upstreams {
			u.URL, u.Breaker = "http://"+address+"/x", &config.Breaker{Failures: &never}
			c.Upstreams[name] = u
		}
	})
	e05 := message(t, "E05", "--name", "Zoran Novak")
	e198 := message(t, "E198", "--name", "Zoran Novak", "--born", "1977-05-03", "--source", "Eop", "--items", "EopFoto Jmeno")
	for name, answer := range brokenAnswers {
		s.set(answer)
		for service, text := range map[string][]byte{"E05": e05, "E198": e198} {
			before := len(w.journal.exchanges())
			response, err := w.client.Do(w.request(service, strings.NewReader(string(text))))
			if err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			eventually(t, "the line of the call", func() bool { return len(w.journal.exchanges()) > before })
			w.noCanary(t, name+" for "+service)
		}
	}
}

// What a caller sends in the place of a call is not in the log; ids at the
// places of ids are.
func TestNoByteOfACallerIsInTheLog(t *testing.T) {
	w := startWorld(t)
	good := string(message(t, "E198", "--name", "Zoran Novak", "--born", "1977-05-03", "--source", "Eop", "--items", "EopFoto Jmeno"))
	post := func(path, fields, body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: brana\r\n%sContent-Length: %d\r\n\r\n%s", path, fields, len(body), body)
	}
	const typed = "Content-Type: text/xml; charset=utf-8\r\n"
	in := func(old, with string) string {
		t.Helper()
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in the message", old)
		}
		return post("/publikace/E198", typed, strings.Replace(good, old, with, 1))
	}
	for name, call := range map[string]string{
		"no HTTP":    canary + "\r\n\r\n",
		"method":     canary + " /publikace/E198 HTTP/1.1\r\nHost: brana\r\n\r\n",
		"path":       post("/publikace/"+canary, typed, good),
		"query":      post("/publikace/E198?"+canary, typed, good),
		"protocol":   "POST /publikace/E198 " + canary + "\r\n\r\n",
		"field":      post("/publikace/E198", canary+"\r\n", good),
		"length":     "POST /publikace/E198 HTTP/1.1\r\nHost: brana\r\nContent-Length: " + canary + "\r\n\r\n",
		"coding":     post("/publikace/E198", typed+"Transfer-Encoding: "+canary+"\r\n", good),
		"chunk size": "POST /publikace/E198 HTTP/1.1\r\nHost: brana\r\n" + typed + "Transfer-Encoding: chunked\r\n\r\n" + canary + "\r\n",
		"chunk": "POST /publikace/E05 HTTP/1.1\r\nHost: brana\r\n" + typed + "Transfer-Encoding: chunked\r\n\r\n9\r\n" + canary + canary +
			"\r\n",
		"type":          post("/publikace/E198", "Content-Type: "+canary+"\r\n", good),
		"charset":       post("/publikace/E198", "Content-Type: text/xml; charset="+canary+"\r\n", good),
		"action":        post("/publikace/E198", typed+"SOAPAction: \""+canary+"\"\r\n", good),
		"expectation":   post("/publikace/E198", typed+"Expect: "+canary+"\r\n", good),
		"upgrade":       post("/publikace/E198", typed+"Upgrade: "+canary+"\r\nConnection: "+canary+"\r\n", good),
		"body":          post("/publikace/E198", typed, canary),
		"another body":  post("/publikace/E198", typed, "<"+canary+" xmlns=\""+canary+"\"/>"),
		"type of a doc": post("/publikace/E198", typed, "<!DOCTYPE "+canary+"><"+canary+"/>"),
		"encoding":      post("/publikace/E198", typed, "<?xml version=\"1.0\" encoding=\""+canary+"\"?><a/>"),
		"cut":           strings.Replace(post("/publikace/E198", typed, "<"+canary+">"), "Content-Length: ", "Content-Length: 9", 1),
		"item":          in("EopFoto", canary),
		"name":          in("Novak", canary+" & "+canary),
		"day":           in("1977-05-03", canary),
		"source":        in(">Eop<", ">"+canary+"<"),
		"reason":        in("</", "<"+canary+"/></"),
	} {
		conn := w.dial()
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.WriteString(conn, call); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_ = conn.(*net.TCPConn).CloseWrite()
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		conn.Close()
		eventually(t, "no call runs", func() bool { return w.wired.gateway.Running() == 0 })
		w.noCanary(t, name)
	}
	order, err := http.Post(w.admin+"/v1/quotas/grant", "application/json", strings.NewReader(`{"`+canary+`": "`+canary+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	order.Body.Close()
	w.noCanary(t, "an order that is none")
	if len(w.journal.exchanges()) < 20 {
		t.Errorf("%d lines of exchanges", len(w.journal.exchanges()))
	}
}
