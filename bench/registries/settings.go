package registries

import (
	"fmt"
	"net/url"
	"slices"
	"sync"
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
	// More makes a reply have all items of a person, also those that were not asked for or
	// are not permitted (rob, aiseo, eop, ecd, front).
	More bool `json:"returns_more"`
	// Transfer is the time in which the media of an answer are sent, in twenty even
	// parts, after all that stands before them (eop, ecd).
	Transfer Duration `json:"transfer"`

	ReplyBytes int64 `json:"reply_bytes"` // least size of a reply, filled up with comments (front)
	Mirror     bool  `json:"mirror"`      // a reply is at least as long as its request (front)
	Echo       bool  `json:"echo"`        // the reply is the request, byte for byte (front)
	BareItems  bool  `json:"bare_items"`  // items of E227 without Polozka, as in its sample (front)

	// AiseoURL is where the front calls AISEO over HTTP; empty: in the process (front).
	AiseoURL string `json:"aiseo_url"`
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
	case s.AiseoURL != "" && !isURL(s.AiseoURL):
		return fmt.Errorf("aiseo_url %q is not a URL: write http://HOST:PORT/PATH", s.AiseoURL)
	case s.Latency < 0 || s.Jitter < 0 || s.Transfer < 0:
		return fmt.Errorf("latency, jitter and transfer must not be negative")
	}
	return nil
}

// isURL reports whether a URL can be called over HTTP.
func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

const (
	maxPhotoBytes = 256 << 20
	maxReplyBytes = 4 << 30
)

// settingsTable has the settings of all registries of one server by their names. It
// may be used by several goroutines.
type settingsTable struct {
	mu     sync.Mutex
	byName map[string]Settings
}

// newSettingsTable returns the zero Settings for every registry.
func newSettingsTable() *settingsTable {
	t := &settingsTable{byName: map[string]Settings{}}
	for _, name := range Names() {
		t.byName[name] = Settings{}
	}
	return t
}

// set changes the settings of a registry.
func (t *settingsTable) set(registry string, v Settings) error {
	if err := v.Validate(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.byName[registry]; !ok {
		return fmt.Errorf("registry %q is none of %v", registry, Names())
	}
	if v.Failure == FailWithheld && registry != EOP && registry != ECD {
		return fmt.Errorf(
			"failure %q is none of registry %s, which has no photos", v.Failure, registry,
		)
	}
	t.byName[registry] = v
	return nil
}

// of returns the settings of a registry; the zero Settings for an unknown one.
func (t *settingsTable) of(registry string) Settings {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byName[registry]
}
