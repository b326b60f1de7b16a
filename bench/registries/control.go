package registries

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Set changes how a registry behaves, from the next message on.
func (s *Server) Set(registry string, v Settings) error {
	if err := v.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.settings[registry]; !ok {
		return fmt.Errorf("registry %q is none of %v", registry, Names())
	}
	if v.Failure == FailWithheld && registry != EOP && registry != ECD {
		return fmt.Errorf("failure %q is none of registry %s, which has no photos", v.Failure, registry)
	}
	s.settings[registry] = v
	return nil
}

// Settings returns how a registry behaves now; the zero Settings for an
// unknown one.
func (s *Server) Settings(registry string) Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings[registry]
}

// logSize is the number of entries that a server keeps.
const logSize = 1 << 14

// Log returns the last messages, oldest first, at most logSize of them. A
// message is entered when its answer has been handed over whole.
func (s *Server) Log() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(append([]Entry{}, s.log[s.oldest:]...), s.log[:s.oldest]...)
}

// ClearLog forgets all messages.
func (s *Server) ClearLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log, s.oldest = nil, 0
}

func (s *Server) record(e Entry) {
	e.End = time.Now()
	e.Duration = Duration(e.End.Sub(e.Start))
	if e.Head == 0 {
		e.Head = e.Duration
	}
	s.mu.Lock()
	if len(s.log) < logSize {
		s.log = append(s.log, e)
	} else {
		s.log[s.oldest] = e
		s.oldest = (s.oldest + 1) % logSize
	}
	s.mu.Unlock()
	if s.cfg.Log != nil {
		s.cfg.Log(e)
	}
}

// control serves /control/{registry}, /control/rights and /control/log. last is the
// number of entries of the log to return, 0 for all.
func (s *Server) control(method, name string, body []byte, last int) (status int, answer any) {
	switch {
	case name == "log" && method == "GET":
		log := s.Log()
		if last > 0 {
			log = log[max(len(log)-last, 0):]
		}
		return 200, log
	case name == "log" && method == "DELETE":
		s.ClearLog()
		return 200, []Entry{}
	case name == "rights":
		return s.controlRights(method, body)
	case name == "" && method == "GET":
		all := map[string]Settings{}
		for _, n := range Names() {
			all[n] = s.Settings(n)
		}
		return 200, all
	case !slices.Contains(Names(), name):
		return 404, problem{fmt.Sprintf("registry %q is none of %v", name, Names())}
	case method == "GET":
		return 200, s.Settings(name)
	case method == "PUT":
		v := s.Settings(name)
		if err := unmarshalStrict(body, &v); err != nil {
			return 400, problem{err.Error()}
		}
		if err := s.Set(name, v); err != nil {
			return 400, problem{err.Error()}
		}
		return 200, s.Settings(name)
	case method == "DELETE":
		_ = s.Set(name, Settings{}) // the name was checked above and the zero Settings are valid
		return 200, s.Settings(name)
	}
	return 405, problem{"use GET, PUT or DELETE"}
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
