package limits

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"
)

// shared is a ledger of one shard: the model, or the script in a real Redis.
type shared interface {
	serve(*request) (answer, error)
	operate(*request) (tally, int64, error)
	flush()
	save()    // what a replica has got
	restore() // the replica becomes master
}

type modelled struct {
	*book
	saved *book
}

func (m *modelled) save()    { m.saved = m.clone() }
func (m *modelled) restore() { m.book = m.saved.clone() }

// scripted runs the script under keys of its own.
type scripted struct {
	client *redis.Client
	script *redis.Script
	base   string
	saved  map[string]string
}

func (s *scripted) keys(entries []entry) []string {
	keys := []string{s.base}
	for i := range entries {
		account := fmt.Sprintf("%s:%x", s.base, entries[i].key)
		keys = append(keys, account, account+":b")
	}
	return keys
}

func (s *scripted) say(q *request) (any, error) {
	text, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	return s.script.Run(context.Background(), s.client, s.keys(q.Entries), text).Result()
}

func (s *scripted) serve(q *request) (answer, error) {
	value, err := s.say(q)
	if err != nil {
		return answer{}, err
	}
	return readAnswer(value, len(q.Entries))
}

func (s *scripted) operate(q *request) (tally, int64, error) {
	value, err := s.say(q)
	if err != nil {
		return tally{}, 0, err
	}
	return readTally(readRows(value))
}

func (s *scripted) all() []string {
	keys, err := s.client.Keys(context.Background(), s.base+"*").Result()
	if err != nil {
		panic(err)
	}
	return keys
}

func (s *scripted) flush() {
	for _, key := range s.all() {
		s.client.Del(context.Background(), key)
	}
}

func (s *scripted) save() {
	s.saved = map[string]string{}
	for _, key := range s.all() {
		s.saved[key] = s.client.Dump(context.Background(), key).Val()
	}
}

func (s *scripted) restore() {
	s.flush()
	for key, dump := range s.saved {
		s.client.RestoreReplace(context.Background(), key, 0, dump)
	}
}

// variant changes the ledger for a test: a mutant, or constants at which mistakes show.
type variant struct {
	name     string
	from, to string // in the script; the model knows the mutant by its name
	property string // that must fail
}

var mutants = []variant{
	{"charge at grant", "(now + LEASE) / grain", "now / grain", "hour"},
	{"bucket short", "/ grain) + 1) * grain", "/ grain)) * grain", "hour"},
	{"settled twice", "  holder.leases[seq] = nil\n", "", "hour"},
	{"settled late", "lease.void or lease.leaves <= now", "lease.void", "hour"},
	{"no bound", "now = math.min(math.max(now, request.least), request.bound)", "", "clock"},
	{"slots live for a lease", "LEASE + entry.life + MARGIN", "LEASE + MARGIN", "slots"},
	{"seq ignored", "if me and request.seq <= me.seq then", "if false then", "slots"},
	{"policy downgrade", "if mixed and account.rule then", "if false then", "policy"},
	{"no learning", "local learning = now < shard.open", "local learning = false", "learning"},
	{"no replay", "if entry.net then", "if false then", "loss"},
	{"fence ignored", "shard.fence ~= mark", "false", "loss"},
	{"extra calls to their end", "moment + LEASE > extra.ends", "moment > extra.ends", "operator"},
	{"forgets leases", "if not lease.void and lease.leaves > now + WINDOW then", "if false then", "operator"},
	{"void leases settled", "or lease.void or", "or", "operator"},
	{"lost leases known", "holder.net[lease.regime] = holder.net[lease.regime] - lease.permits", "", "loss"},
}

// properties are what must hold whatever gateways and networks do; each plays one episode.
var properties = map[string]func(shared, chance) error{
	"hour":     func(s shared, c chance) error { return newPlayer(s, c, "hour").play() },
	"clock":    func(s shared, c chance) error { return newPlayer(s, c, "clock").play() },
	"slots":    func(s shared, c chance) error { return newPlayer(s, c, "slots").play() },
	"loss":     func(s shared, c chance) error { return newPlayer(s, c, "loss").play() },
	"operator": func(s shared, c chance) error { return newPlayer(s, c, "operator").play() },
	"policy":   policyChanges,
	"learning": learnsFirst,
	"push":     func(s shared, c chance) error { return newPlayer(s, c, "push").push() },
}

// sharp is without the margin, which would hide mistakes of a few seconds from clocks that are exact, and has buckets of
// both grains at small quotas.
func sharp(property string) bool { return property != "clock" }

const sharpQuota = 10

func newModelled(mutant, property string) *modelled {
	b := newBook(mutant)
	if sharp(property) {
		b.margin, b.smallQuota = 0, sharpQuota
	}
	return &modelled{book: b}
}

func sourceOf(t *testing.T, v variant, property string) string {
	t.Helper()
	source := strings.Replace(ledgerSource, v.from, v.to, 1)
	if v.name != "" && source == ledgerSource {
		t.Fatalf("ledger.lua has no %q to mutate", v.from)
	}
	if sharp(property) {
		source = strings.Replace(source, "LEASE, MARGIN, HEARTBEAT, LEARN = 3600000, 10000, 5000", "LEASE, MARGIN, HEARTBEAT, LEARN = 3600000, 10000, 0", 1)
		source = strings.Replace(source, "SMALL_QUOTA, KEEP = 10000, 1000, 500", fmt.Sprint("SMALL_QUOTA, KEEP = 10000, 1000, ", sharpQuota), 1)
	}
	return source
}

func (s *server) client(t testing.TB) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(s.url())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestLedgerProperties(t *testing.T) {
	s := startServer(t)
	client := s.client(t)
	for name, property := range properties {
		t.Run(name+", model", func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				if err := property(newModelled("", name), rapidly(rt)); err != nil {
					rt.Fatal(err)
				}
			})
		})
		t.Run(name+", script", func(t *testing.T) {
			if err := playLedger(t, client, variant{}, name, 60); err != nil {
				t.Error(err)
			}
		})
	}
}

// The test of the tests: each mutant breaks its property, in the model and in the script.
func TestLedgerMutantsAreCaught(t *testing.T) {
	client := startServer(t).client(t)
	for _, mutant := range mutants {
		t.Run(mutant.name+", model", func(t *testing.T) {
			var err error
			for seed := uint64(0); seed < 400 && err == nil; seed++ {
				err = properties[mutant.property](newModelled(mutant.name, mutant.property), rand.New(rand.NewPCG(seed, 2)).IntN)
			}
			caught(t, err)
		})
		t.Run(mutant.name+", script", func(t *testing.T) {
			caught(t, playLedger(t, client, mutant, mutant.property, 400))
		})
	}
}

// Mistakes of gateways rather than of the ledger break the properties too.
func TestMistakesOfGatewaysAreCaught(t *testing.T) {
	client := startServer(t).client(t)
	for mistake, property := range map[string]string{"reused name": "slots", "last answer bounds": "push"} {
		script := redis.NewScript(sourceOf(t, variant{}, property))
		for kind, ledger := range map[string]func(seed uint64) shared{
			"model": func(uint64) shared { return newModelled("", property) },
			"script": func(seed uint64) shared {
				return &scripted{client: client, script: script, base: fmt.Sprintf("{%s %d}", mistake, seed)}
			},
		} {
			t.Run(mistake+", "+kind, func(t *testing.T) {
				var err error
				for seed := uint64(0); seed < 400 && err == nil; seed++ {
					p := newPlayer(ledger(seed), rand.New(rand.NewPCG(seed, 2)).IntN, property)
					p.mistake = mistake
					if property == "push" {
						err = p.push()
					} else {
						err = p.play()
					}
				}
				caught(t, err)
			})
		}
	}
}

// both asks the model and the script and holds their answers equal.
type both struct {
	*modelled
	*scripted
}

func (b both) serve(q *request) (answer, error) {
	want, refused := b.modelled.serve(q)
	got, err := b.scripted.serve(q)
	if !errors.Is(err, refused) || !reflect.DeepEqual(got, want) {
		return got, fmt.Errorf("asked %+v:\nmodel  %+v, %v\nscript %+v, %v", q, want, refused, got, err)
	}
	return got, err
}

func (b both) operate(q *request) (tally, int64, error) {
	want, at, refused := b.modelled.operate(q)
	got, now, err := b.scripted.operate(q)
	if !errors.Is(err, refused) || err == nil && (now != at || fmt.Sprint(got) != fmt.Sprint(want)) {
		return got, now, fmt.Errorf("asked %+v:\nmodel  %+v, %d, %v\nscript %+v, %d, %v", q, want, at, refused, got, now, err)
	}
	return got, now, err
}

func (b both) flush()   { b.modelled.flush(); b.scripted.flush() }
func (b both) save()    { b.modelled.save(); b.scripted.save() }
func (b both) restore() { b.modelled.restore(); b.scripted.restore() }

func TestModelAndScriptAnswerAlike(t *testing.T) {
	client := startServer(t).client(t)
	for name, property := range properties {
		t.Run(name, func(t *testing.T) {
			script := redis.NewScript(sourceOf(t, variant{}, name))
			n := 0
			rapid.Check(t, func(rt *rapid.T) {
				n++
				s := &scripted{client: client, script: script, base: fmt.Sprintf("{alike %s %d}", name, n)}
				if err := property(both{newModelled("", name), s}, rapidly(rt)); err != nil {
					rt.Fatal(err)
				}
				s.flush()
			})
		})
	}
}

func caught(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("the property holds for the mutant")
	}
	if _, broken := errors.AsType[redis.Error](err); broken {
		t.Errorf("the mutant does not run: %v", err)
	}
	t.Log(err)
}

// playLedger plays a property on the script, by seed, until it fails.
func playLedger(t *testing.T, client *redis.Client, v variant, property string, seeds uint64) error {
	script := redis.NewScript(sourceOf(t, v, property))
	for seed := range seeds {
		s := &scripted{client: client, script: script, base: fmt.Sprintf("{%s %s %d}", v.name, property, seed)}
		if err := properties[property](s, rand.New(rand.NewPCG(seed, 2)).IntN); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		s.flush()
	}
	return nil
}

// player plays several gateways as badly as they may behave against one caller's account: permits are used at the last
// moment or never, answers are lost, requests arrive after later ones, gateways crash, clocks step, Redis forgets.
type player struct {
	ledger   shared
	chance   chance
	property string
	mistake  string

	now, skew int64
	fence     int
	rule      Rule
	key       Key
	gateways  []*played
	uses      []made
	planned   []made  // uses of permits held until their last moment
	orphans   []int64 // ends of calls whose gateway is dead
	edges     []int64 // moments at which mistakes would show
	names     int
	saved     bool
	extras    []extra // in the order of their making
	forgotten int64   // calls made before are not looked at
}

// played is one gateway.
type played struct {
	name       string
	seq, epoch int64
	drift      float64
	anchor     anchor
	back       [][2]int64
	kept       [][2]int64 // returns that a slow gateway sends much later
	late       *request   // under way still, though given up
	own, until int64
	life       int64
	ends       []int64
	net        counts
	journal    window
	replay     bool
}

func newPlayer(s shared, chance chance, property string) *player {
	p := &player{ledger: s, chance: chance, property: property, now: 1_700_000_000_000 + int64(chance(3_600_000)), key: KeyOf(property)}
	p.rule = Rule{int64(1 + chance(30)), int64(1 + chance(30)), 1 << 30}
	if property == "slots" {
		p.rule = Rule{1 << 40, 1 << 40, 1 + chance(12)}
	}
	return p
}

func (p *player) start() *played {
	p.names++
	g := &played{name: fmt.Sprint("g", p.names)}
	if p.property == "clock" {
		g.drift = float64(p.chance(1001)-500) / 1e6
	}
	p.gateways = append(p.gateways, g)
	return g
}

// settle lets all gateways send heartbeats until they have settled.
func (p *player) settle() error {
	for range 10 {
		settled, err := p.beat()
		if settled || err != nil {
			return err
		}
		p.now += 900
	}
	if p.mistake != "" {
		return nil
	}
	return errors.New("gateways do not settle")
}

// beat lets all gateways send a heartbeat and tells whether all have settled.
func (p *player) beat() (settled bool, err error) {
	settled = true
	for _, g := range p.gateways {
		g.seq++
		q := p.request(g)
		g.anchor.ask(q, g.clock(p.now))
		a, err := p.ledger.serve(q)
		if errors.Is(err, errStale) && p.mistake != "" {
			continue
		}
		if err != nil {
			return false, err
		}
		p.heed(g, q, p.now, &a)
		settled = settled && g.anchor.settled
	}
	return settled, nil
}

func (p *player) request(g *played) *request {
	return &request{Gateway: g.name, Seq: g.seq, Epoch: g.epoch, Trust: p.property != "loss", Policy: "p", Time: p.now + p.skew, Fence: fmt.Sprint("f", p.fence)}
}

// heed takes in the head of an answer.
func (p *player) heed(g *played, q *request, sent int64, a *answer) {
	g.anchor.heard(q, g.clock(sent), a)
	g.replay = g.replay || a.epoch != g.epoch && g.epoch != 0
	g.epoch = a.epoch
}

func (p *player) play() error {
	for range 3 {
		p.start()
	}
	if err := p.settle(); err != nil {
		return err
	}
	s := p.chance(3)
	for step := range 120 {
		g := p.gateways[p.chance(len(p.gateways))]
		var err error
		move := p.chance(8)
		if p.property == "slots" && g.late != nil && p.chance(3) == 0 {
			move = 3
		}
		switch move {
		case 0, 1, 2:
			err = p.ask(g)
		case 3:
			err = p.misbehave(g, s)
		case 4:
			err = p.call(g)
		default:
			err = p.jump()
		}
		if err != nil {
			return fmt.Errorf("step %d, rule %+v: %w", step, p.rule, err)
		}
	}
	return nil
}

// clock is the monotonic clock of a gateway.
func (g *played) clock(now int64) int64 {
	return now - 1_700_000_000_000 + int64(float64(now-1_700_000_000_000)*g.drift)
}

func regimeOf(now int64) Regime { return Regime(now / 1_500_000 % 2) }

// ask asks for permits and slots, gives back what is over, and takes what comes or loses it.
func (p *player) ask(g *played) error {
	g.ends = slices.DeleteFunc(g.ends, func(end int64) bool { return end <= p.now })
	e := entry{key: p.key, Rule: [3]int64{p.rule.Working, p.rule.Off, int64(p.rule.Concurrent)}, Regime: regimeOf(p.now),
		Need: int64(p.chance(20)), More: int64(p.chance(20)), Busy: int64(len(g.ends)), Back: slices.Clone(g.back)}
	if len(g.ends) == 0 {
		g.life = 0
	}
	g.life = max(g.life, int64(1000+p.chance(60_000)))
	e.Life = g.life
	e.Slots = e.Busy + int64(p.chance(8))
	if p.property != "slots" {
		e.Slots = e.Busy + 100
	}
	g.own = min(g.own, e.Slots)
	if g.replay {
		g.back, g.kept = slices.DeleteFunc(g.back, func(back [2]int64) bool { return back[1] >= 0 }), nil
		e.Net, e.Back = &counts{g.net[0], g.net[1]}, slices.Clone(g.back)
		g.journal.sweep(p.now + p.skew - 90_000_000)
		for _, b := range g.journal.buckets {
			e.Journal = append(e.Journal, [3]int64{b.leaves, b.calls[0], b.calls[1]})
		}
	}
	g.seq++
	q := p.request(g)
	q.Entries = []entry{e}
	sent := p.now
	g.anchor.ask(q, g.clock(sent))
	fate := p.chance(map[bool]int{true: 5, false: 12}[p.property == "slots"])
	if p.property == "clock" && fate > 0 {
		p.now += int64(p.chance(2) * p.chance(76))
		q.Time = p.now + p.skew
	}
	if fate == 0 { // arrives after later ones
		g.late = q
		g.back = append(g.back, [2]int64{q.Seq, -1})
		return nil
	}
	a, err := p.ledger.serve(q)
	if errors.Is(err, errStale) && p.mistake != "" {
		return nil
	}
	if err != nil {
		return err
	}
	if fate == 1 { // the answer is lost
		g.back = append(g.back, [2]int64{q.Seq, -1})
		return nil
	}
	p.hear(g, q, sent, &a)
	return nil
}

func (p *player) hear(g *played, q *request, sent int64, a *answer) {
	e, got := &q.Entries[0], a.grants[0]
	g.back = g.back[min(len(e.Back), len(g.back)):]
	g.own, g.until = got.slots, sent+usableMillis
	if e.Net != nil {
		g.replay = false
	}
	p.heed(g, q, sent, a)
	p.edges = append(p.edges, g.until, g.until+g.life)
	if got.permits == 0 {
		return
	}
	var calls counts
	calls[e.Regime] = got.permits
	g.net[e.Regime] += got.permits
	g.journal.charge(got.leaves, calls)
	p.edges = append(p.edges, got.leaves)
	last := sent + usableMillis
	if sharp(p.property) {
		last = sent + leaseMillis
	}
	last-- // a permit is used before its lease is over
	if edge := (sent/1_500_000 + 1) * 1_500_000; last >= edge {
		last = edge - 1
	}
	last = max(last, p.now)
	used, over := got.permits, p.chance(4) == 0
	if over {
		used = int64(p.chance(int(used) + 1))
		back := [2]int64{q.Seq, got.permits - used}
		if p.chance(3) == 0 {
			g.kept = append(g.kept, back)
		} else {
			g.back = append(g.back, back)
		}
	}
	at := p.now
	if p.chance(3) > 0 && !(over && p.property == "operator") { // a lease is given back when it is over
		at = last
	}
	for range used {
		p.planned = append(p.planned, made{at, e.Regime})
	}
}

// learnsFirst: a ledger that has forgotten grants nothing before it has learned what gateways know.
func learnsFirst(s shared, c chance) error {
	p := newPlayer(s, c, "loss")
	g := p.start()
	if err := p.settle(); err != nil {
		return err
	}
	s.flush()
	p.fence++
	for range 5 {
		g.seq++
		q := p.request(g)
		q.Entries = []entry{{key: p.key, Rule: [3]int64{p.rule.Working, p.rule.Off, int64(p.rule.Concurrent)}, Need: 1, Slots: 1, Life: 1000}}
		g.anchor.ask(q, g.clock(p.now))
		a, err := s.serve(q)
		if err != nil {
			return err
		}
		if !a.learning || a.grants[0].permits > 0 {
			return fmt.Errorf("%v granted within seconds of a loss", a.grants[0].permits)
		}
		p.heed(g, q, p.now, &a)
		p.now += 1000
	}
	return nil
}

// misbehave does what the property is about.
func (p *player) misbehave(g *played, often int) error {
	switch p.property {
	case "clock":
		if p.chance(2) == 0 {
			p.skew = int64(p.chance(180_001) - 90_000)
		}
	case "loss":
		return p.lose(often)
	case "operator":
		if p.chance(3) > 0 {
			return p.operate()
		}
	}
	switch {
	case g.late != nil:
		q := g.late
		g.late = nil
		q.Time = p.now + p.skew
		q.Fence = fmt.Sprint("f", p.fence)
		if _, err := p.ledger.serve(q); err != nil && !errors.Is(err, errStale) {
			return err
		}
	case len(g.kept) > 0:
		g.back, g.kept = append(g.back, g.kept...), nil
	case p.chance(2) == 0 && p.property != "loss":
		p.orphans = append(p.orphans, g.ends...)
		p.gateways = slices.DeleteFunc(p.gateways, func(other *played) bool { return other == g })
		if fresh := p.start(); p.mistake == "reused name" {
			fresh.name, fresh.seq = g.name, g.seq
		}
		return p.settle()
	}
	return nil
}

// lose makes Redis forget: all, or what its replica had not got. Every gateway hears of it before the ledger opens.
func (p *player) lose(often int) error {
	switch p.chance(3 + often) {
	case 0:
		p.ledger.flush()
	case 1:
		p.ledger.save()
		p.saved = true
		return nil
	case 2:
		if !p.saved {
			return nil
		}
		p.ledger.restore()
		p.fence++
	default:
		return nil
	}
	for range 2 {
		for _, i := range rand.New(rand.NewPCG(uint64(p.now), 3)).Perm(len(p.gateways)) {
			for {
				before := p.gateways[i].seq
				heard := p.gateways[i].epoch
				if err := p.ask(p.gateways[i]); err != nil {
					return err
				}
				if last := p.gateways[i].back; len(last) == 0 || last[len(last)-1] != [2]int64{before + 1, -1} {
					if p.gateways[i].epoch == heard && !p.gateways[i].replay {
						break
					}
				}
			}
		}
		p.now += int64(p.chance(3000))
	}
	return p.use()
}

// push lets two gateways ask in turn while the clock of Redis runs far too fast: the request of one is long under way, that of
// the other not at all. Each answer is later than its request was sent, and must not push ledger time on.
func (p *player) push() error {
	slow, fast := p.start(), p.start()
	if err := p.settle(); err != nil {
		return err
	}
	ask := func(g *played, sent int64) (int64, error) {
		g.seq++
		q := p.request(g)
		g.anchor.ask(q, g.clock(sent))
		a, err := p.ledger.serve(q)
		if err == nil {
			p.heed(g, q, sent, &a)
			if p.mistake != "" {
				g.anchor.bound = a.now - g.clock(sent)
			}
		}
		return a.now, err
	}
	for range 120 {
		sent := p.now
		p.now += 75
		p.skew += 200
		for _, turn := range []struct {
			g    *played
			sent int64
		}{{fast, p.now}, {slow, sent}, {slow, p.now}, {fast, sent}} {
			now, err := ask(turn.g, turn.sent)
			if err != nil {
				return err
			}
			if now-p.now > marginMillis {
				return fmt.Errorf("ledger time is pushed %d ms ahead", now-p.now)
			}
		}
	}
	return nil
}

// call starts calls in the slots held.
func (p *player) call(g *played) error {
	g.ends = slices.DeleteFunc(g.ends, func(end int64) bool { return end <= p.now })
	for range 1 + p.chance(8) {
		if p.now < g.until && int64(len(g.ends)) < g.own {
			end := p.now + 1 + int64(p.chance(int(g.life)))
			if p.chance(2) == 0 {
				end = p.now + g.life
			}
			g.ends = append(g.ends, end)
			p.edges = append(p.edges, end)
		}
	}
	running := 0
	for _, ends := range append([][]int64{p.orphans}, endsOf(p.gateways)...) {
		for _, end := range ends {
			if end > p.now {
				running++
			}
		}
	}
	if running > p.rule.Concurrent {
		return fmt.Errorf("%d calls run at once", running)
	}
	return nil
}

func endsOf(gateways []*played) (all [][]int64) {
	for _, g := range gateways {
		all = append(all, g.ends)
	}
	return all
}

// jump moves time to where mistakes are, and uses on the way what was planned.
func (p *player) jump() error {
	to := p.now + int64(p.chance(20_000))
	if p.property == "slots" && p.chance(2) == 0 {
		p.now += int64(p.chance(500))
		return nil
	}
	if len(p.edges) > 0 && p.chance(4) > 0 {
		to = p.edges[p.chance(len(p.edges))] - 1 + int64(p.chance(3))
		if p.property == "clock" {
			to += int64(p.chance(10_000))
		}
	} else if p.chance(8) == 0 && p.property != "slots" {
		to += 1_000_000
	}
	for p.property == "clock" && to > p.now+300_000 { // in an hour there are heartbeats
		p.now += 300_000
		if _, err := p.beat(); err != nil {
			return err
		}
	}
	p.now = max(p.now, to)
	p.edges = slices.DeleteFunc(p.edges, func(edge int64) bool { return edge < p.now-1 })
	return p.use()
}

// use makes the calls that were planned, and holds every hour to the rule.
func (p *player) use() error {
	slices.SortStableFunc(p.planned, func(a, b made) int { return int(a.at - b.at) })
	for len(p.planned) > 0 && p.planned[0].at <= p.now {
		call := p.planned[0]
		p.planned = p.planned[1:]
		p.uses = append(p.uses, call)
		var hour counts
		for i := len(p.uses) - 1; i >= 0 && p.uses[i].at > call.at-windowMillis && p.uses[i].at > p.forgotten; i-- {
			hour[p.uses[i].in]++
		}
		rule := p.raised(call.at)
		most := rule.quota(call.in)
		for r, calls := range hour {
			if calls > 0 {
				most = max(most, rule.quota(Regime(r)))
			}
		}
		if hour[call.in] > rule.quota(call.in) || hour[0]+hour[1] > most {
			return fmt.Errorf("%v calls within an hour, %d extra are in force", hour, rule.Working-p.rule.Working)
		}
	}
	return nil
}

// policyChanges plays a policy that is lowered and raised again while one gateway is behind.
func policyChanges(s shared, chance chance) error {
	const low, high = 4, 10
	now := int64(1_700_000_000_000) + int64(chance(100_000))
	seqs, epochs, granted := map[string]int64{}, map[string]int64{}, int64(0)
	ask := func(gateway, policy string, quota, need int64) (int64, error) {
		seqs[gateway]++
		now += int64(chance(900))
		a, err := s.serve(&request{Gateway: gateway, Seq: seqs[gateway], Epoch: epochs[gateway], Trust: true, Policy: policy, Time: now, Fence: "f",
			Bound: now, Least: now, Settled: true, Entries: []entry{{key: KeyOf("policy"), Rule: [3]int64{quota, quota, 100}, Need: need, Slots: need}}})
		if err != nil {
			return 0, err
		}
		epochs[gateway] = a.epoch
		granted += a.grants[0].permits
		return a.grants[0].permits, nil
	}
	before := int64(chance(7))
	for _, step := range []struct {
		gateway, policy string
		quota, need     int64
		want            func() int64 // granted altogether afterwards
	}{
		{"a", "old", high, before, func() int64 { return before }},
		{"b", "new", low, 0, func() int64 { return before }},
		{"a", "old", high, 10, func() int64 { return max(before, low) }}, // who is behind cannot raise
		{"b", "new", low, 10, func() int64 { return max(before, low) }},
		{"a", "new", low, 10, func() int64 { return max(before, low) }},
		{"b", "newest", high, 10, func() int64 { return max(before, low) }}, // raised, when all have it
		{"a", "newest", high, 10, func() int64 { return high }},             // and nothing used was forgotten
		{"b", "newest", high, 10, func() int64 { return high }},
	} {
		if _, err := ask(step.gateway, step.policy, step.quota, step.need); err != nil {
			return err
		}
		if granted != step.want() {
			return fmt.Errorf("%s with policy %s: %d granted altogether, want %d", step.gateway, step.policy, granted, step.want())
		}
	}
	return nil
}

// operate grants extra calls, takes them back, or has forgotten what was used.
func (p *player) operate() error {
	if err := p.use(); err != nil {
		return err
	}
	e := entry{key: p.key}
	switch p.chance(4) {
	case 0:
	case 1:
		e.Op = "forget"
		p.now++ // what was used until now is before it
	default:
		e.Op, e.Extra = "raise", &[3]int64{0, int64(p.chance(2) * p.chance(20)), p.now + 1 + int64(p.chance(60_000*(1+59*p.chance(2))))}
	}
	_, _, err := p.ledger.operate(&request{Operator: true, Settled: true, Time: p.now + p.skew, Fence: fmt.Sprint("f", p.fence), Entries: []entry{e}})
	if err != nil {
		return err
	}
	switch e.Op {
	case "forget":
		p.forgotten = p.now - 1
	case "raise":
		p.extras = append(p.extras, extra{p.now, e.Extra[1], e.Extra[2]})
		p.edges = append(p.edges, e.Extra[2], e.Extra[2]-leaseMillis)
	}
	return p.use()
}

// raised is the rule of a moment with the most extra calls that were in force within a lease before it, and have not
// ended.
func (p *player) raised(at int64) Rule {
	rule, most := p.rule, int64(0)
	for i, e := range p.extras {
		replaced := i+1 < len(p.extras) && p.extras[i+1].made <= at-leaseMillis
		if e.made <= at && at < e.ends && !replaced {
			most = max(most, e.calls)
		}
	}
	rule.Working, rule.Off = rule.Working+most, rule.Off+most
	return rule
}
