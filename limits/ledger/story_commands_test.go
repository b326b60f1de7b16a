package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// storyCommands are what a line of a story may begin with; testdata/README.md says what each does.
var storyCommands = map[string]func(*story, *arguments){
	"gateways": (*story).gatewaysCommand,
	"policy":   (*story).policyCommand,
	"admit":    func(s *story, a *arguments) { s.admitCommand(a, false) },
	"call":     func(s *story, a *arguments) { s.admitCommand(a, true) },
	"release":  (*story).releaseCommand,
	"renew":    (*story).renewCommand,
	"crash":    (*story).crashCommand,
	"restart":  (*story).restartCommand,
	"drain":    (*story).drainCommand,
	"lose":     (*story).loseCommand,
	"advance":  func(s *story, a *arguments) { s.advance(a.duration()) },
	"flush":    func(s *story, a *arguments) { s.master().ledger.flush() },
	"stop":     func(s *story, a *arguments) { a.literal("redis"); s.master().down = true },
	"start":    (*story).startCommand,
	"freeze":   func(s *story, a *arguments) { a.literal("redis"); s.master().frozen = true },
	"thaw":     (*story).thawCommand,
	"clock":    (*story).clockCommand,
	"replica":  (*story).replicaCommand,
	"failover": (*story).failoverCommand,
	"heal":     (*story).healCommand,
	"raise":    (*story).raiseCommand,
	"forget":   (*story).forgetCommand,
	"show":     func(s *story, a *arguments) { a.literal("requests"); s.requests = true },
	"hide":     func(s *story, a *arguments) { a.literal("requests"); s.requests = false },
	"status":   func(s *story, a *arguments) { s.status() },
}

// run runs one line.
func (s *story) run(words []string) error {
	command := storyCommands[words[0]]
	if command == nil {
		return fmt.Errorf("%q is no command", words[0])
	}
	a := &arguments{words: words[1:]}
	command(s, a)
	if len(a.words) > 0 {
		a.fail("%q is one word too many", a.words[0])
	}
	return a.err
}

func (s *story) master() *storyRedis { return s.masters[len(s.masters)-1] }

// gateway reads the name of a gateway, which must run.
func (s *story) gateway(a *arguments) *storyGateway {
	g := s.named(a)
	if g != nil && g.store == nil {
		a.fail("%q is no gateway that runs", g.name)
		return nil
	}
	return g
}

// named reads the name of a gateway.
func (s *story) named(a *arguments) *storyGateway {
	name := a.next()
	if name == "" {
		a.fail("the name of a gateway is missing")
	}
	for _, g := range s.gateways {
		if g.name == name {
			return g
		}
	}
	a.fail("%q is no gateway that runs", name)
	return nil
}

// gatewaysCommand reads: N [quota Q/h] [night Q/h] [concurrent N] [lifetime D] [mode M] [at T].
func (s *story) gatewaysCommand(a *arguments) {
	n, rule, at := a.number(), limitstest.Rule(100, 100, 10), "10:00:00"
	s.lifetime, s.mode = time.Minute, limits.Closed
	for a.err == nil && len(a.words) > 0 {
		switch option := a.next(); option {
		case "quota":
			rule.Working = a.quota()
			rule.Off = rule.Working
		case "night":
			rule.Off = a.quota()
		case "concurrent":
			rule.Concurrent = int(a.number())
		case "lifetime":
			s.lifetime = a.duration()
		case "mode":
			s.mode = map[string]limits.Mode{"share": limits.Share, "open": limits.Open}[a.next()]
		case "at":
			at = a.next()
		default:
			a.fail("%q is no option", option)
		}
	}
	if a.err != nil {
		return
	}
	s.begin(at)
	for i := range n {
		g := &storyGateway{name: string(rune('a' + i)), redis: s.master(), rule: rule, policy: "first"}
		s.gateways = append(s.gateways, g)
		s.start(g)
	}
	if err := s.settle(); err != nil {
		a.fail("%v", err)
	}
}

// begin ends what was before, and sets the clock.
func (s *story) begin(at string) {
	s.end()
	first := s.masters[0]
	s.masters = []*storyRedis{{name: "redis", ledger: first.ledger, fence: "1"}}
	s.gateways, s.admitted, s.running, s.replica, s.began = nil, nil, nil, nil, 0
	s.clock.Set(limitstest.Prague(s.t, limitstest.Wednesday+at).UnixMilli())
}

// policyCommand reads: NAME [quota Q/h] [concurrent N] [at G …].
func (s *story) policyCommand(a *arguments) {
	name, at := a.next(), s.gateways
	quota, concurrent := int64(0), 0
	for a.err == nil && len(a.words) > 0 {
		switch option := a.next(); option {
		case "quota":
			quota = a.quota()
		case "concurrent":
			concurrent = int(a.number())
		case "at":
			at = []*storyGateway{s.named(a)}
			for a.err == nil && len(a.words) > 0 {
				at = append(at, s.named(a))
			}
		default:
			a.fail("%q is no option", option)
		}
	}
	if a.err != nil {
		return
	}
	for _, g := range at {
		g.policy = name
		if quota > 0 {
			g.rule.Working, g.rule.Off = quota, quota
		}
		if concurrent > 0 {
			g.rule.Concurrent = concurrent
		}
		if g.store != nil {
			g.store.Declare(name)
		}
	}
}

func (s *story) admitCommand(a *arguments, ends bool) {
	g, times := s.gateway(a), a.times()
	if a.err == nil {
		s.admit(g, times, ends)
	}
}

func (s *story) releaseCommand(a *arguments) {
	g, times := s.gateway(a), a.times()
	for range times {
		at := slices.IndexFunc(s.running, func(c storyCall) bool { return c.gateway == g })
		if a.err == nil && at < 0 {
			a.fail("no call runs at %s", g.name)
		}
		if a.err != nil {
			return
		}
		s.release(g, at)
	}
}

// renewCommand lets all calls of a gateway go on for another lifetime.
func (s *story) renewCommand(a *arguments) {
	g := s.gateway(a)
	for i := range s.running {
		if c := &s.running[i]; a.err == nil && c.gateway == g {
			_ = g.store.Renew(context.Background(), c.slot, s.lifetime)
			g.store.background.Wait()
			c.ends = s.now() + s.lifetime.Milliseconds()
		}
	}
}

func (s *story) crashCommand(a *arguments) {
	if g := s.gateway(a); a.err == nil {
		s.crash(g)
		s.abandon(g)
	}
}

// abandon leaves the calls of a gateway that ended to run out.
func (s *story) abandon(g *storyGateway) {
	for i := range s.running {
		if s.running[i].gateway == g {
			s.running[i].gateway = nil
		}
	}
}

// restartCommand starts a gateway that crashed or was drained.
func (s *story) restartCommand(a *arguments) {
	if g := s.named(a); a.err == nil {
		if g.store != nil {
			a.fail("%q runs", g.name)
			return
		}
		s.start(g)
	}
}

// drainCommand ends a gateway in order: its calls end, and it gives back what it holds.
func (s *story) drainCommand(a *arguments) {
	g := s.gateway(a)
	if a.err != nil {
		return
	}
	for i := len(s.running) - 1; i >= 0; i-- {
		if s.running[i].gateway == g {
			s.release(g, i)
		}
	}
	if err := g.store.Close(); err != nil {
		a.fail("%v", err)
	}
	g.store = nil
}

func (s *story) loseCommand(a *arguments) {
	a.literal("answer")
	if g := s.gateway(a); a.err == nil {
		g.loses = true
	}
}

// startCommand starts a Redis that was stopped, with its file or empty.
func (s *story) startCommand(a *arguments) {
	a.literal("redis")
	r := s.master()
	if len(a.words) > 0 {
		a.literal("empty")
		r.ledger.flush()
	}
	r.down, r.fence = false, r.fence+"'"
}

// thawCommand lets a Redis serve what came while it was frozen. Nobody waits for the answers.
func (s *story) thawCommand(a *arguments) {
	a.literal("redis")
	for _, r := range s.masters {
		if !r.frozen {
			continue
		}
		r.frozen = false
		for _, q := range r.waiting {
			_, _ = r.serve(q, s.now())
		}
		n := count(int64(len(r.waiting)), "request")
		s.note("%s serves %s that came while it was frozen", r.name, n)
		r.waiting = nil
	}
}

// clockCommand steps the clock of Redis.
func (s *story) clockCommand(a *arguments) {
	a.literal("redis")
	if d := a.duration(); a.err == nil {
		s.master().ahead += d.Milliseconds()
	}
}

// replicaCommand has the replica keep what the master has now.
func (s *story) replicaCommand(a *arguments) {
	a.literal("stops")
	s.replica = s.master().ledger.copy()
}

// failoverCommand has a replica become master, for all gateways or those that are named. The old
// master is gone when no gateway asks it.
func (s *story) failoverCommand(a *arguments) {
	moved := s.gateways
	if len(a.words) > 0 {
		moved = nil
		for len(a.words) > 0 {
			moved = append(moved, s.gateway(a))
		}
	}
	if a.err != nil {
		return
	}
	l := s.replica
	if l == nil {
		l = s.master().ledger.copy()
	}
	s.replica = nil
	n := fmt.Sprint(len(s.masters) + 1)
	r := &storyRedis{name: "redis " + n, ledger: l, fence: n}
	s.masters = append(s.masters, r)
	for _, g := range moved {
		g.redis = r
	}
}

// healCommand has all gateways ask the newest master.
func (s *story) healCommand(*arguments) {
	for _, g := range s.gateways {
		g.redis = s.master()
	}
}

// raiseCommand reads: N for D.
func (s *story) raiseCommand(a *arguments) {
	calls := a.number()
	a.literal("for")
	d := a.duration()
	if a.err != nil {
		return
	}
	g := s.gateways[0]
	until := s.clock.Now().Add(d)
	call := limits.Call{Key: storyKey, Rule: g.rule}
	if err := g.store.Raise(context.Background(), call, calls, until); err != nil {
		s.print("not raised: %v", err)
	}
}

// forgetCommand has the calls of the hour count no more.
func (s *story) forgetCommand(*arguments) {
	g := s.gateways[0]
	call := limits.Call{Key: storyKey, Rule: g.rule}
	if err := g.store.Forget(context.Background(), call); err != nil {
		s.print("not forgotten: %v", err)
	}
}
