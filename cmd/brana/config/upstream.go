package config

import (
	"time"

	"brana/upstream"
)

// Upstream is one of upstreams. What is nil has the default of package upstream.
type Upstream struct {
	URL      string    `yaml:"url"`
	Timeout  *Duration `yaml:"timeout"`
	MaxConns *Count    `yaml:"max_conns"`

	ReceiveBuffer Size     `yaml:"receive_buffer"`
	MaxReply      *Size    `yaml:"max_reply"`
	Breaker       *Breaker `yaml:"breaker"`
	Pace          *Pace    `yaml:"pace"`

	Agenda string `yaml:"agenda"`
	Ais    Count  `yaml:"ais"`

	TLS *ClientTLS `yaml:"tls"`
}

// Breaker says when calls to an upstream that is down are refused. What is nil
// has its default.
type Breaker struct {
	Failures *Count    `yaml:"failures"` // 0: never
	Window   *Duration `yaml:"window"`
	Open     *Duration `yaml:"open"`
}

// Pace bounds the calls to an upstream. Both values are required.
type Pace struct {
	PerSecond float64 `yaml:"per_second"`
	Burst     Count   `yaml:"burst"`
}

// CallPace is the pace as package upstream has it; zero is none.
func (u Upstream) CallPace() upstream.Pace {
	if u.Pace == nil {
		return upstream.Pace{}
	}
	return upstream.Pace{PerSecond: u.Pace.PerSecond, Burst: int(u.Pace.Burst)}
}

// CallBreaker is the breaker as package upstream has it, with its defaults.
func (u Upstream) CallBreaker() upstream.Breaker {
	b := upstream.DefaultBreaker()
	if u.Breaker == nil {
		return b
	}
	if u.Breaker.Failures != nil {
		b.Failures = int(*u.Breaker.Failures)
	}
	if u.Breaker.Window != nil {
		b.Window = time.Duration(*u.Breaker.Window)
	}
	if u.Breaker.Open != nil {
		b.Open = time.Duration(*u.Breaker.Open)
	}
	return b
}

func (u Upstream) check(name string, m *mistakes) {
	key := "upstreams." + name
	if u.Pace != nil && *u.Pace == (Pace{}) {
		m.wrong(
			key+".pace", "is empty; write it as pace: {per_second: 50, burst: 10}, or remove it",
		)
	}
	optional(m, key+".timeout", u.Timeout, Duration(time.Millisecond), Duration(24*time.Hour))
	optional(m, key+".max_conns", u.MaxConns, 1, 1<<20)
	optional(m, key+".max_reply", u.MaxReply, 64<<10, 64<<20)
	u.TLS.check(m, key, u.URL, "https")
}
