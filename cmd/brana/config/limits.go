package config

// Limits is limits: where quotas are counted, and when which of them holds.
type Limits struct {
	Store    Store    `yaml:"store"`
	Redis    Redis    `yaml:"redis"`
	Calendar Calendar `yaml:"calendar"`
}

// Store is limits.store.
type Store string

// The stores of limits.
const (
	InMemory Store = "memory" // of this gateway alone
	InRedis  Store = "redis"  // shared by all gateways
)

// Redis is limits.redis.
type Redis struct {
	URL          string   `yaml:"url"`
	PasswordFile string   `yaml:"password_file"` // empty: the URL has the password, if there is one
	Timeout      Duration `yaml:"timeout"`       // 0: the default of the store
	TrustEmpty   bool     `yaml:"trust_empty"`
	WaitReplicas Count    `yaml:"wait_replicas"` // that must acknowledge a grant

	TLS *ClientTLS `yaml:"tls"`
}

// Calendar is limits.calendar: the working hours.
type Calendar struct {
	Working  string `yaml:"working"`
	Holidays string `yaml:"holidays"`
	Zone     string `yaml:"zone"`
}

func defaultLimits() Limits {
	return Limits{
		Store:    InMemory,
		Calendar: Calendar{Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague"},
	}
}

func (l *Limits) check(m *mistakes) {
	m.oneOf("limits.store", string(l.Store), string(InMemory), string(InRedis))
	r := l.Redis
	between(m, "limits.redis.wait_replicas", r.WaitReplicas, 0, 5)
	if l.Store != InRedis {
		return
	}
	if r.URL == "" {
		m.wrong("limits.redis.url", "is needed with store: redis; write it as redis://host:6379/0")
	}
	r.TLS.check(m, "limits.redis", r.URL, "rediss")
}
