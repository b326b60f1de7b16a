package trial

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A gatewayPlan is how a gateway differs from the others of the trial.
type gatewayPlan struct {
	record        *Recorded // that it keeps; nil: none
	rules         *Ruled    // of its relays; nil: those of the place
	listen, admin int       // ports
}

// configure writes the configuration of a gateway and its policy: the policy of the
// Config and the trial's own grant.
func (s *setup) configure(name string, c *Config, p gatewayPlan) (file string, err error) {
	store := "{store: memory}"
	if s.redisURL != "" {
		store = fmt.Sprintf("{store: redis, redis: {url: %q, timeout: 2s, trust_empty: true}}",
			s.redisURL)
	}
	tls, identities := "", "identities: []\n"
	if a := s.authority; a != nil {
		tls = fmt.Sprintf(", tls: {cert: %q, key: %q, client_ca: %q}", a.GateCert, a.GateKey, a.CA)
		identities = fmt.Sprintf(identity, a.CallerSerial, a.Issuer, c.Caller.Ais, c.Caller.Ovm,
			c.Caller.Agenda)
	}
	config := fmt.Sprintf(configuration, p.listen, tls, p.admin,
		strings.ReplaceAll(upstreams, "SIM", s.sim), p.rules.relay(), store, p.record.logged(),
		p.record.keys(filepath.Join(c.AuditDir, name+"-journal")))
	described := "brana"
	switch {
	case p.record != nil:
		described = p.record.Name
	case p.rules != nil:
		described = p.rules.Name
	}
	s.configs[described] = strings.ReplaceAll(config, s.dir, ".")
	dir := filepath.Join(s.dir, name)
	err = os.MkdirAll(filepath.Join(dir, "policy"), 0o700)
	for file, text := range map[string]string{
		"brana.yaml":             config,
		"policy/grants.yaml":     string(c.Policy.Grants) + "\n" + Grant(c.Caller),
		"policy/identities.yaml": identities,
		"matrix.csv":             string(c.Policy.Matrix) + Rows(c.Caller),
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
	}
	return filepath.Join(dir, "brana.yaml"), err
}

// configuration differs from the defaults in how many connections one address
// may open, because here all come from one.
const configuration = `environment: test
listen: {address: "127.0.0.1:%d", max_conns: 65536, max_conns_per_peer: 65536, max_exchanges: 65536%s}
admin: {address: "127.0.0.1:%d"}
upstreams:
%sroutes: {default: %s, E198: workflow, E227: local}
policy: {dir: policy, matrix: {file: matrix.csv}}
limits: %s
log: {level: info%s}
%s`

const upstreams = `  iszr: {url: "http://SIM/publikace", max_conns: 4096}
  rob: {url: "http://SIM/rob", agenda: A101, ais: 1, max_conns: 4096}
  org: {url: "http://SIM/org", max_conns: 4096}
  ruian: {url: "http://SIM/ruian", max_conns: 4096}
  eop: {url: "http://SIM/eop", agenda: A102, ais: 2, max_conns: 4096}
  ecd: {url: "http://SIM/ecd", agenda: A103, ais: 3, max_conns: 4096}
`

const identity = `identities:
  - {serial: %q, issuer: %q, ais: %s, administrator: %q, agendas: [%s]}
`
