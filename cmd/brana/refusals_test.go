package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"brana/egon"
)

// exchangeAfter is the line of the exchange that has just ended. before is the
// number of lines before it.
func (w *world) exchangeAfter(before int) map[string]any {
	w.t.Helper()
	eventually(w.t, "the exchange has its line", func() bool { return len(w.journal.exchanges()) > before })
	return w.journal.exchanges()[before]
}

// checkServes makes a call that must be served: no earlier call has broken anything.
func (w *world) checkServes() {
	w.t.Helper()
	if got := w.call("E227", "--triple", "A1185/CR8359/00372498").statusLine(); got != egon.OK {
		w.t.Errorf("a good call afterwards: %s", got)
	}
}

// Each way to call wrongly gets its answer: an ordinary reply of the service
// called, or a Fault when there is none. The line of the exchange says the
// same, and a good call afterwards is served.
func TestRefusals(t *testing.T) {
	w := startWorld(t)
	e198 := string(message(t, "E198", byBirth(special(t, "delivery address"), "--items", "EopFoto")...))
	e227 := string(message(t, "E227", "--triple", "A1185/CR8359/00372498"))
	e05 := string(message(t, "E05", "--name", "Zoran Vosáhlo"))
	change := func(message, old, new string) string {
		if !strings.Contains(message, old) {
			t.Fatalf("%s is not in %s", old, message)
		}
		return strings.Replace(message, old, new, 1)
	}
	info := e227[strings.Index(e227, "<abs:ZadostInfo"):strings.Index(e227, "<z:Zadost ")]
	second := strings.ReplaceAll(info, "abs:", "x:")
	second = strings.Replace(second, "<x:ZadostInfo", `<x:ZadostInfo xmlns:x="urn:cz:isvs:iszr:schemas:IszrAbstract:v1"`, 1)
	const million = 1 << 20
	for _, tt := range []struct {
		name    string
		service string
		message string
		outcome string // a kind of refusal
		says    string // and what its text names
	}{
		{"unknown agenda", "E227", change(e227, ">X999<", ">X998<"), "not-granted", "Agenda X998"},
		{"agenda in the wrong case", "E227", change(e227, ">X999<", ">x999<"), "not-granted", "X999"},
		{"unknown role", "E227", change(e227, ">XR1<", ">XR9<"), "not-granted", "AgendovaRole XR9"},
		{"unknown OVM", "E227", change(e227, ">12345678<", ">12345679<"), "not-granted", "Ovm 12345679"},
		{"unknown AIS", "E227", change(e227, ">999001<", ">999009<"), "not-granted", "Ais 999009"},
		{"no AIS", "E227", change(e227, "<reg:Ais>999001</reg:Ais>", ""), "not-granted", "Ais"},
		{"service not granted", "E05", string(message(t, "E05", append(little, "--name", "Zoran Vosáhlo")...)), "not-granted", "E05"},
		{"path of another service", "E227", e198, "service-mismatch", "E198"},
		{"path of another relayed service", "E05", e227, "service-mismatch", "E227"},
		{"empty agenda", "E227", change(e227, ">X999<", "><"), "invalid-data", "Agenda"},
		{"empty role", "E227", change(e227, ">XR1<", "><"), "invalid-data", "AgendovaRole"},
		{"empty OVM", "E198", change(e198, ">12345678<", "><"), "invalid-data", "Ovm"},
		{"empty AIS", "E05", change(e05, ">999001<", "><"), "invalid-data", "Ais"},
		{"empty AgendaZadostId", "E227", emptied(e227, "AgendaZadostId"), "invalid-data", "AgendaZadostId"},
		{"blank agenda", "E227", change(e227, ">X999<", "> \t<"), "invalid-data", "Agenda"},
		{"key that is no base64", "E198", emptied(e198, "KlicProSifrovani"), "invalid-data", "KlicProSifrovani"},
		{"word that is no item", "E198", change(e198, ">EopFoto<", ">EopFoto Bota<"), "invalid-data", "Bota"},
		{"not XML", "E227", "hello", "malformed", "bajt"},
		{"nothing", "E227", "", "malformed", ""},
		{"tag not closed", "E227", change(e227, "</z:Zadost>", ""), "malformed", "bajt"},
		{"undeclared prefix", "E227", change(e227, "<d:Agenda>", "<nic:Agenda>"), "malformed", "bajt"},
		{"broken UTF-8", "E227", change(e227, ">A1185<", ">A\xff<"), "malformed", "bajt"},
		{"DOCTYPE", "E227", `<!DOCTYPE e [<!ENTITY x "y">]>` + e227, "malformed", "DOCTYPE"},
		{"DOCTYPE after the declaration", "E05", `<?xml version="1.0"?><!DOCTYPE e SYSTEM "http://127.0.0.1/x">` + e05, "malformed", "DOCTYPE"},
		{"entity", "E227", change(e227, ">A1185<", ">&x;<"), "malformed", "entit"},
		{"processing instruction", "E227", change(e227, "<d:Agenda>", "<?x y?><d:Agenda>"), "malformed", "bajt"},
		{"another encoding", "E227", `<?xml version="1.0" encoding="windows-1250"?>` + e227, "malformed", "UTF-8"},
		{"second ZadostInfo beside the first", "E227", change(e227, info, info+second), "malformed", "ZadostInfo"},
		{"second ZadostInfo in the question", "E227", change(e227, "<d:Agenda>", second+"<d:Agenda>"), "malformed", "ZadostInfo"},
		{"second ZadostInfo in the first", "E05", change(e05, "</abs:ZadostInfo>", second+"</abs:ZadostInfo>"), "malformed", "ZadostInfo"},
		{"second ZadostInfo deep in a relayed message", "E05", change(e05, "<rod:Jmeno>", "<rod:Jmeno>"+second), "malformed", "ZadostInfo"},
		{"second ZadostInfo in a Header", "E227", change(e227, "<s:Body>", "<s:Header>"+second+"</s:Header><s:Body>"), "malformed", "ZadostInfo"},
		{"second ZadostInfo after the operation", "E05", change(e05, "</s:Body>", second+"</s:Body>"), "malformed", ""},
		{"two operations", "E227", change(e227, "</s:Body>",
			e227[strings.Index(e227, "<s:Body>")+len("<s:Body>"):strings.Index(e227, "</s:Body>")]+"</s:Body>"), "malformed", ""},
		{"something after the end", "E227", e227 + "<x/>", "malformed", "bajt"},
		{"value of 10 MiB in the head", "E05", change(e05, ">brana call<", ">"+strings.Repeat("x", 10*million)+"<"), "too-large", ""},
		{"attribute of 10 MiB in the head", "E05", change(e05, "<abs:ZadostInfo", `<abs:ZadostInfo x="`+strings.Repeat("x", 10*million)+`"`),
			"too-large", ""},
		{"blanks of 10 MiB in the head", "E05", change(e05, "<abs:ZadostInfo", strings.Repeat(" ", 10*million)+"<abs:ZadostInfo"),
			"too-large", ""},
		{"comments of 10 MiB in the head", "E05",
			change(e05, "<abs:ZadostInfo", strings.Repeat("<!--"+strings.Repeat("x", 1017)+"-->", 10<<10)+"<abs:ZadostInfo"), "too-large", ""},
		{"name of 1 MiB", "E05", "<" + strings.Repeat("x", million), "too-large", ""},
		{"10 MiB to the workflow", "E198", change(e198, ">EopFoto<", ">EopFoto"+strings.Repeat(" ", 10*million)+"<"), "too-large", ""},
		{"a million elements inside each other", "E05", strings.Repeat("<a>", million), "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(w.journal.exchanges())
			r := w.post(tt.service, []byte(tt.message))
			line := w.exchangeAfter(before)
			if tt.outcome != "" && line["outcome"] != tt.outcome {
				t.Errorf("outcome %v, want %s", line["outcome"], tt.outcome)
			}
			said := text(r.root, "VysledekPopis") + text(r.root, "faultstring")
			if !strings.HasPrefix(said, "BR_") || !strings.Contains(said, tt.says) {
				t.Errorf("%q does not name %q", said, tt.says)
			}
			fault := find(r.root, "Fault") != nil
			if fault != (r.status == http.StatusInternalServerError) || !fault && r.status != http.StatusOK {
				t.Errorf("HTTP %d, a Fault: %v", r.status, fault)
			}
			w.checkServes()
		})
	}
}

// emptied takes the text out of an element.
func emptied(message, local string) string {
	start := strings.Index(message, local+">") + len(local) + 1
	return message[:start] + message[start+strings.Index(message[start:], "<"):]
}

// A fault of the HTTP message is refused before its body is read.
func TestRefusalsOfHTTP(t *testing.T) {
	w := startWorld(t)
	e227 := string(message(t, "E227", "--triple", "A1185/CR8359/00372498"))
	for _, tt := range []struct {
		name    string
		change  func(*http.Request)
		outcome string
		says    string
	}{
		{"unknown service", func(r *http.Request) { r.URL.Path = "/publikace/E999" }, "unknown-service", "katalogu"},
		{"service in the wrong case", func(r *http.Request) { r.URL.Path = "/publikace/e227" }, "unknown-service", "E227"},
		{"another path", func(r *http.Request) { r.URL.Path = "/E227" }, "unknown-service", "/publikace/"},
		{"SOAPAction of another service", func(r *http.Request) { r.Header.Set("SOAPAction", "IszrRobCtiPodleUdaju") }, "service-mismatch",
			"IszrVypisOpravneniPolozky"},
		{"GET", func(r *http.Request) { r.Method = "GET" }, "bad-http", "POST"},
		{"SOAP 1.2", func(r *http.Request) { r.Header.Set("Content-Type", "application/soap+xml") }, "bad-http", "text/xml"},
		{"another charset", func(r *http.Request) { r.Header.Set("Content-Type", "text/xml; charset=windows-1250") }, "bad-http", "utf-8"},
		{"gzip", func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, "bad-http", "Content-Encoding"},
		{"another query", func(r *http.Request) { r.URL.RawQuery = "async=1" }, "unknown-service", "async"},
		{"header of 10 MiB", func(r *http.Request) { r.Header.Set("X-Long", strings.Repeat("x", 10<<20)) }, "bad-http", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(w.journal.exchanges())
			request := w.request("E227", strings.NewReader(e227))
			tt.change(request)
			response, err := w.client.Do(request)
			if err != nil {
				// Whoever still sends megabytes may see the closed connection before the answer.
				if tt.name != "header of 10 MiB" {
					t.Fatal(err)
				}
			} else if r, err := readReply(response); err != nil {
				t.Error(err)
			} else if said := text(r.root, "VysledekPopis") + text(r.root, "faultstring"); !strings.HasPrefix(said, "BR_") ||
				!strings.Contains(said, tt.says) {
				t.Errorf("%q does not name %q", said, tt.says)
			}
			if got := w.exchangeAfter(before)["outcome"]; got != tt.outcome {
				t.Errorf("outcome %v, want %s", got, tt.outcome)
			}
			w.checkServes()
		})
	}
}

// A message that is cut gets a Fault with the place, whichever way it has its length,
// and no byte of it reaches the bus.
func TestCutMessages(t *testing.T) {
	w := startWorld(t)
	e227 := message(t, "E227", "--triple", "A1185/CR8359/00372498")
	e05 := message(t, "E05", "--name", "Zoran Vosáhlo")
	chunk := func(b []byte) string { return fmt.Sprintf("%x\r\n%s\r\n", len(b), b) }
	for _, tt := range []struct {
		name, service, framing, body string
		bytes                        int // of the message that come
	}{
		{"Content-Length", "E227", fmt.Sprintf("Content-Length: %d", len(e227)), string(e227[:len(e227)/2]), len(e227) / 2},
		{"Content-Length, relayed", "E05", fmt.Sprintf("Content-Length: %d", len(e05)), string(e05[:len(e05)/2]), len(e05) / 2},
		{"Content-Length, the last byte", "E05", fmt.Sprintf("Content-Length: %d", len(e05)), string(e05[:len(e05)-1]), len(e05) - 1},
		{"chunked", "E227", "Transfer-Encoding: chunked", chunk(e227[:len(e227)/2]), len(e227) / 2},
		{"chunked, relayed", "E05", "Transfer-Encoding: chunked", chunk(e05[:len(e05)/2]), len(e05) / 2},
		{"chunked, complete but for the message", "E05", "Transfer-Encoding: chunked", chunk(e05[:len(e05)/2]) + "0\r\n\r\n", len(e05) / 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.registries.ClearLog()
			before := len(w.journal.exchanges())
			conn := w.dial()
			fmt.Fprintf(conn, "POST /publikace/%s HTTP/1.1\r\nHost: brana\r\nContent-Type: text/xml\r\n%s\r\n\r\n%s", tt.service, tt.framing,
				tt.body)
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			r, err := readReply(response)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.statusLine(); !strings.HasPrefix(got, "Fault s:Client: BR_501: ") || !strings.Contains(got, fmt.Sprint(tt.bytes)) {
				t.Errorf("got %s, want a Fault that names byte %d", got, tt.bytes)
			}
			if got := w.exchangeAfter(before)["outcome"]; got != "malformed" {
				t.Errorf("outcome %v, want malformed", got)
			}
			if w.steps() != "" {
				t.Errorf("the bus got a message: %s", w.steps())
			}
			w.checkServes()
		})
	}
}

// dial opens a connection to the gateway, which ends with the test.
func (w *world) dial() net.Conn {
	w.t.Helper()
	address := strings.TrimPrefix(w.gateway, "http://")
	address, _, _ = strings.Cut(address, "/")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second)) // a hang is a failure
	w.t.Cleanup(func() { conn.Close() })
	return conn
}

// A caller that leaves in the middle of its message leaves nothing behind.
func TestCallersThatLeave(t *testing.T) {
	w := startWorld(t)
	e05 := message(t, "E05", "--name", "Zoran Vosáhlo")
	for range 20 {
		conn := w.dial()
		fmt.Fprintf(conn, "POST /publikace/E05 HTTP/1.1\r\nHost: brana\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", len(e05),
			e05[:len(e05)/2])
		conn.Close()
	}
	eventually(t, "no exchange runs", func() bool { return w.metric("brana_exchanges_running") == "0" })
	w.checkServes()
}

// metric reads one metric of the admin listener.
func (w *world) metric(name string) string {
	w.t.Helper()
	for line := range strings.Lines(w.page("/metrics")) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// page reads a page of the admin listener.
func (w *world) page(path string) string {
	w.t.Helper()
	response, err := w.client.Get(w.admin + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(body)
}

// No line of the log has data of a person or of a question, whether the call was
// served or refused.
func TestLogsHoldNoPersonalData(t *testing.T) {
	w := startWorld(t)
	person := special(t, "delivery address")
	w.call("E198", byBirth(person, "--items", everything)...)
	w.call("E198", byBirth(person, "--items", "EopFoto", "--hide-log")...)
	w.call("E198", "--name", person.Jmeno+" "+person.Prijmeni, "--rc", person.RodneCislo, "--items", "EopFoto")
	broken := string(message(t, "E198", byBirth(person, "--items", "EopFoto")...))
	w.post("E198", []byte(strings.Replace(broken, person.Prijmeni, person.Prijmeni+"&x;", 1)))
	w.post("E198", []byte(strings.Replace(broken, person.DatumNarozeni, person.DatumNarozeni+"x", 1)))
	eventually(t, "five exchanges have their line", func() bool { return len(w.journal.exchanges()) >= 5 })
	for _, line := range w.journal.lines() {
		said := string(line)
		for _, secret := range []string{person.Jmeno, person.Prijmeni, person.DatumNarozeni, person.RodneCislo} {
			if strings.Contains(said, secret) {
				t.Errorf("the log tells %s: %s", secret, said)
			}
		}
	}
}
