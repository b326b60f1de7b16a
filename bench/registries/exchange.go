package registries

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/valyala/fasthttp"
)

// exchange is one request to a server and its answer.
type exchange struct {
	rc       *fasthttp.RequestCtx
	settings *settingsTable
	log      *messageLog
	end      *shutdown

	set   Settings
	fail  Failure // what is played; FailNone for nothing
	entry Entry
}

// recover answers for a handler that panicked: fasthttp would let the process
// end.
func (x *exchange) recover() {
	if p := recover(); p != nil {
		x.entry.Problem = fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
		x.rc.Response.ResetBody()
		x.fault("Server", "Vnitřní chyba registru.")
	}
}

func (x *exchange) text(status int, text string) {
	x.rc.SetConnectionClose() // the body may be unread
	x.rc.SetStatusCode(status)
	x.rc.SetContentType("text/plain; charset=utf-8")
	x.rc.SetBodyString(text + "\n")
}

var errTooLarge = errors.New("body too large")

// readBody reads the request's body whole, at most limit bytes.
func (x *exchange) readBody(limit int) ([]byte, error) {
	in := x.rc.RequestBodyStream()
	if in == nil {
		return nil, nil
	}
	want := x.rc.Request.Header.ContentLength()
	if want > limit {
		return nil, errTooLarge
	}
	body := make([]byte, 0, max(want, 0)+512)
	for {
		n, err := in.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > limit:
			return nil, errTooLarge
		case err == io.EOF && len(body) < want:
			return nil, io.ErrUnexpectedEOF // fasthttp reports a cut body as complete
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// finish enters the exchange in the log, once its answer is known.
func (x *exchange) finish(status int) {
	x.entry.HTTPStatus = status
	if x.fail != FailNone {
		x.entry.Failure = x.fail
	}
	x.log.record(x.entry)
}

// fault answers with a SOAP Fault.
func (x *exchange) fault(code, text string) {
	x.rc.SetStatusCode(500)
	x.rc.SetContentType(soapType)
	x.rc.SetBody(faultText(code, text))
	x.finish(500)
}

// soapAction returns the SOAPAction header without its quotes.
func soapAction(rc *fasthttp.RequestCtx) string {
	return strings.Trim(string(rc.Request.Header.Peek("SOAPAction")), `"`)
}
