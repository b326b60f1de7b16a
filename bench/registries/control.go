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

// The registries of one server, by the first element of their path. The front
// stands for the information system of the base registries itself, which
// relays to all of them.
const (
	ROB   = "rob"
	ORG   = "org"
	RUIAN = "ruian"
	EOP   = "eop"
	ECD   = "ecd"
	AISEO = "aiseo"
	Front = "front"
)

// Names returns the registries of a server in the order in which they are
// reported.
func Names() []string { return []string{ROB, ORG, RUIAN, EOP, ECD, AISEO, Front} }

// A Failure is a way in which a registry can misbehave.
type Failure string

// The failures. Those up to [FailCut] break the transport, the others only the
// message.
const (
	FailNone           Failure = "none"
	FailRefuse         Failure = "refuse"          // the connection closes without an answer
	FailHang           Failure = "hang"            // the request is taken and never answered
	FailSlow           Failure = "slow"            // in twenty parts, a latency (at least 50 ms) each
	FailHTTP500        Failure = "500"             // HTTP 500 with a text that is no SOAP
	FailCut            Failure = "cut"             // the connection closes in the middle of the answer
	FailFault          Failure = "fault"           // a SOAP Fault with HTTP 500
	FailMalformed      Failure = "malformed"       // the answer is not well-formed
	FailWrongNamespace Failure = "wrong-namespace" // the answer is of another namespace
	FailEmpty          Failure = "empty"           // HTTP 200 without a body
	FailChyba          Failure = "chyba"           // OdpovedInfo with CHYBA
	FailWithheld       Failure = "withheld"        // OK, and photos are withheld (eop, ecd)
)

var failures = []Failure{FailNone, FailRefuse, FailHang, FailSlow, FailHTTP500, FailCut, FailFault,
	FailMalformed, FailWrongNamespace, FailEmpty, FailChyba, FailWithheld}

// Duration is a [time.Duration] that is written as 250ms in JSON.
type Duration time.Duration

// MarshalText writes d as time.Duration prints it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a duration as [time.ParseDuration] does, but no negative one.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a duration: write it as \"250ms\"", text)
	}
	*d = Duration(v)
	return nil
}

// Settings say how one registry behaves. With zero Settings it answers at once and
// well.
type Settings struct {
	Latency Duration `json:"latency"` // before every answer
	Jitter  Duration `json:"jitter"`  // at most, added to Latency, evenly spread
	Failure Failure  `json:"failure"` // empty means none
	Rate    float64  `json:"rate"`    // share of the messages that fail, 0 to 1; 0 means all
	Down    bool     `json:"down"`    // FailRefuse for every message, in place of Failure and Rate
	// Photo is the size of one photo in bytes before encryption (eop, ecd); 0 means
	// that of the portrait.
	Photo int `json:"photo_bytes"`
	// Transfer is the time in which the media of an answer are sent, in twenty even
	// parts, after all that stands before them (eop, ecd).
	Transfer Duration `json:"transfer"`

	ReplyBytes int64 `json:"reply_bytes"` // least size of a reply, filled up with comments (front)
	Mirror     bool  `json:"mirror"`      // a reply is at least as long as its request (front)
	Echo       bool  `json:"echo"`        // the reply is the request, byte for byte (front)
	BareItems  bool  `json:"bare_items"`  // items of E227 without Polozka, as in its sample (front)
}

// Validate reports a value out of its range.
func (s Settings) Validate() error {
	switch {
	case s.Failure != "" && !slices.Contains(failures, s.Failure):
		return fmt.Errorf("failure %q is none of %v", s.Failure, failures)
	case !(s.Rate >= 0 && s.Rate <= 1):
		return fmt.Errorf("rate %v is not between 0 and 1", s.Rate)
	case s.Photo < 0 || s.Photo > maxPhotoBytes:
		return fmt.Errorf("photo_bytes %d is not between 0 and %d", s.Photo, maxPhotoBytes)
	case s.ReplyBytes < 0 || s.ReplyBytes > maxReplyBytes:
		return fmt.Errorf("reply_bytes %d is not between 0 and %d", s.ReplyBytes, maxReplyBytes)
	case s.Latency < 0 || s.Jitter < 0 || s.Transfer < 0:
		return fmt.Errorf("latency, jitter and transfer must not be negative")
	}
	return nil
}

const (
	maxPhotoBytes = 256 << 20
	maxReplyBytes = 4 << 30
)

// An Entry is one message in the log of a server, without personal data.
type Entry struct {
	Registry       string    `json:"registry"`
	Step           string    `json:"step"`             // as G27 or E05; empty: not understood
	Target         string    `json:"target,omitempty"` // agenda that ORG was asked to translate into
	Action         string    `json:"action"`           // SOAPAction
	Start          time.Time `json:"start"`            // the request's head has been read
	Head           Duration  `json:"head"`             // from Start until the answer could begin
	Duration       Duration  `json:"duration"`
	End            time.Time `json:"end"` // Start and Duration: the answer has been handed over
	HTTPStatus     int       `json:"status"`
	Kod            string    `json:"kod"` // VysledekKod of the answer
	AgendaZadostId string    `json:"agenda_zadost_id"`
	IszrZadostId   string    `json:"iszr_zadost_id"`
	Failure        Failure   `json:"failure,omitempty"` // played on purpose
	Broken         bool      `json:"broken,omitempty"`  // the answer did not go out whole
	Problem        string    `json:"problem,omitempty"` // a panic with its stack
	Uses           int       `json:"uses,omitempty"`    // use records in ROB, one per person
	Hidden         bool      `json:"hidden,omitempty"`  // from the person (znepristupniLog)
}

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
