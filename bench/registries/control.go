package registries

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// control changes how a server behaves, and shows what it did.
type control struct {
	settings *settingsTable
	rights   *rightsTable
	log      *messageLog
}

// control answers a message to /control/{name}.
func (x *exchange) control(c control, name string) {
	body, err := x.readBody(1 << 20)
	if err != nil {
		x.text(413, err.Error())
		return
	}
	last, _ := x.rc.QueryArgs().GetUint("n") // absent and unreadable mean all
	status, answer := c.answer(string(x.rc.Method()), name, body, max(last, 0))
	out, err := json.Marshal(answer)
	if err != nil {
		panic(err) // all answers are plain values
	}
	x.rc.SetStatusCode(status)
	x.rc.SetContentType("application/json")
	x.rc.SetBody(append(out, '\n'))
}

// answer serves /control/{registry}, /control/rights and /control/log. last is the
// number of entries of the log to return, 0 for all.
func (c control) answer(method, name string, body []byte, last int) (status int, answer any) {
	switch {
	case name == "log" && method == "GET":
		log := c.log.all()
		if last > 0 {
			log = log[max(len(log)-last, 0):]
		}
		return 200, log
	case name == "log" && method == "DELETE":
		c.log.clear()
		return 200, []Entry{}
	case name == "rights":
		return c.answerRights(method, body)
	case name == "" && method == "GET":
		all := map[string]Settings{}
		for _, n := range Names() {
			all[n] = c.settings.of(n)
		}
		return 200, all
	case !slices.Contains(Names(), name):
		return 404, problem{fmt.Sprintf("registry %q is none of %v", name, Names())}
	case method == "GET":
		return 200, c.settings.of(name)
	case method == "PUT":
		v := c.settings.of(name)
		if err := unmarshalStrict(body, &v); err != nil {
			return 400, problem{err.Error()}
		}
		if err := c.settings.set(name, v); err != nil {
			return 400, problem{err.Error()}
		}
		return 200, c.settings.of(name)
	case method == "DELETE":
		// The name was checked above and the zero Settings are valid.
		_ = c.settings.set(name, Settings{})
		return 200, c.settings.of(name)
	}
	return 405, problem{"use GET, PUT or DELETE"}
}

// answerRights serves /control/rights: PUT changes the triples that it names,
// DELETE sets all back.
func (c control) answerRights(method string, body []byte) (status int, answer any) {
	switch method {
	case "GET":
	case "PUT":
		var rights map[string][]Right
		if err := errors.Join(unmarshalStrict(body, &rights), c.rights.set(rights)); err != nil {
			return 400, problem{err.Error()}
		}
	case "DELETE":
		c.rights.reset()
	default:
		return 405, problem{"use GET, PUT or DELETE"}
	}
	return 200, c.rights.all()
}

type problem struct {
	Error string `json:"error"`
}

func unmarshalStrict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Type == reflect.TypeFor[Duration]() {
		return fmt.Errorf("%s is a %s: write a duration, as \"250ms\"", wrong.Field, wrong.Value)
	}
	return err
}
