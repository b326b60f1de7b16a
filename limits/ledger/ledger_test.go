package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"brana/limits/limitstest"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"
)

// variant changes the script for a test: a mutant that breaks a rule, or constants that make
// mistakes show sooner. The model knows a mutant by its name.
type variant struct {
	name     string
	from, to string // replaced in the script, once
	property string // that must fail
}

// mutants each break one rule of the ledger, and with it one property.
var mutants = []variant{
	{"charge at grant", "(now + LEASE) / grain", "now / grain", "hour"},
	{"bucket short", "/ grain) + 1) * grain", "/ grain)) * grain", "hour"},
	{"settled twice", "  holder.leases[seq] = nil\n", "", "hour"},
	{"settled late", "lease.void or lease.leaves <= now", "lease.void", "hour"},
	{"no bound", "now = math.min(math.max(now, request.least), request.bound)", "", "clock"},
	{"slots live for a lease", "LEASE + entry.life + MARGIN", "LEASE + MARGIN", "slots"},
	{"seq ignored", "if holder.seq and request.seq <= holder.seq then", "if false then", "late"},
	{"policies without order", "return taken, taken < newest", "return taken, false", "policy"},
	{"policies forever behind", "if policy.seen <= now - WINDOW then", "if false then", "policy"},
	{"calls not asked", "(behind or entry.behind) and", "behind and", "policy"},
	{"restarts adopt", "if request.adopts or taken == 0", "if request.adopts or not me", "policy"},
	{"order not replayed", "request.taken or 0)", "0)", "order"},
	{
		"no learning", "local learning = now < shard.open or untold",
		"local learning = false", "learning",
	},
	{"opens untold", "untold = untold or (", "untold = false and (", "learning"},
	{
		"others not asked", "untold or (other.telling and",
		"untold or (id == request.gateway and other.telling and", "learning",
	},
	{"waits for the silent", "other.at > now - LEARN)", "true)", "learning"},
	{"no replay", "if entry.net then", "if false then", "loss"},
	{"fence ignored", "shard.fence ~= mark", "false", "loss"},
	{"extra calls to their end", "moment + LEASE > extra.ends", "moment > extra.ends", "operator"},
	{
		"forgets leases", "if not lease.void and lease.leaves > now + WINDOW then",
		"if false then", "operator",
	},
	{
		"void leases settled", "if lease.void or lease.leaves <= now or",
		"if lease.leaves <= now or", "operator",
	},
	{
		"lost leases known", "lease.permits - unused\n",
		"lease.permits - (back[2] < 0 and 0 or unused)\n", "loss",
	},
	{
		"open leases not counted",
		"if lease.leaves > now then charge(lease.leaves, only(lease.regime, lease.permits)) end",
		"", "loss",
	},
	{"open leases twice", "if not holder.leases[seq] then", "if true then", "loss"},
	{"closed leases stay", "charge(lease.leaves, only(lease.regime, -lease.permits))", "", "loss"},
	{"begins anew unnoticed", "if holder.born ~= entry.born then", "if false then", "anew"},
	{
		"returns to a lost ledger not seen",
		"if not lease then return depart(only(back[3] + 1, math.max(0, unused))) end",
		"if not lease then return end", "loss",
	},
	{"any count seen", "past().seen[3] >= entry.seen[3]", "false", "seen"},
}

// A property must hold whatever gateways and networks do. It runs one random sequence of requests.
type property func(testLedger, limitstest.Chance) error

var properties = map[string]property{
	"hour":     adversaryOf("hour"),
	"clock":    adversaryOf("clock"),
	"slots":    adversaryOf("slots"),
	"renewals": adversaryOf("renewals"),
	"loss":     adversaryOf("loss"),
	"operator": adversaryOf("operator"),
	"policy":   policyChanges,
	"order":    policyOrder,
	"learning": learnsFirst,
	"late":     lateRequest,
	"seen":     lastCountSeen,
	"anew":     beginsAnew,
	"push":     clockIsNotPushed,
}

// adversaryOf lets the adversary attack one property.
func adversaryOf(name string) property {
	return func(l testLedger, chance limitstest.Chance) error {
		return newAdversary(l, chance, name).run()
	}
}

func clockIsNotPushed(l testLedger, chance limitstest.Chance) error {
	return newAdversary(l, chance, "push").pushClock()
}

// sharp returns whether a property is tried without the margin of ledger time. The margin would
// hide mistakes of a few seconds wherever clocks are exact. A sharp ledger also has buckets of
// both widths at small quotas.
func sharp(property string) bool { return property != "clock" }

const sharpQuota = 10

// newModelLedger is the model for a property, or a mutant of it.
func newModelLedger(mutant, property string) *modelLedger {
	m := newModel(mutant)
	if sharp(property) {
		m.margin, m.smallQuota = 0, sharpQuota
	}
	return m
}

// sourceOf is the script for a property, or a mutant of it.
func sourceOf(t *testing.T, v variant, property string) string {
	t.Helper()
	source := strings.Replace(ledgerSource, v.from, v.to, 1)
	if v.from != "" && source == ledgerSource {
		t.Fatalf("ledger.lua has no %q to mutate", v.from)
	}
	if sharp(property) {
		const margin = "LEASE, MARGIN, HEARTBEAT, LEARN = 3600000, 10000, "
		source = strings.Replace(source, margin+"5000", margin+"0", 1)
		const small = "SMALL_QUOTA, KEEP = 10000, 1000, "
		source = strings.Replace(source, small+"500", fmt.Sprint(small, sharpQuota), 1)
	}
	return source
}

func TestLedgerProperties(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	client := s.client(t)
	for name, property := range properties {
		t.Run(name+", model", func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				if err := property(newModelLedger("", name), limitstest.FromRapid(rt)); err != nil {
					rt.Fatal(err)
				}
			})
		})
		t.Run(name+", script", func(t *testing.T) {
			if err := runProperty(t, client, variant{}, name, 60); err != nil {
				t.Error(err)
			}
		})
	}
}

// The test of the test: each mutant breaks its property, in the model and in the script.
func TestLedgerMutantsAreCaught(t *testing.T) {
	t.Parallel()
	client := startServer(t).client(t)
	for _, mutant := range mutants {
		t.Run(mutant.name+", model", func(t *testing.T) {
			var err error
			for seed := uint64(0); seed < 400 && err == nil; seed++ {
				l := newModelLedger(mutant.name, mutant.property)
				err = properties[mutant.property](l, rand.New(rand.NewPCG(seed, 2)).IntN)
			}
			caught(t, err)
		})
		t.Run(mutant.name+", script", func(t *testing.T) {
			caught(t, runProperty(t, client, mutant, mutant.property, 400))
		})
	}
}

// Mistakes of gateways rather than of the ledger break the properties too.
func TestMistakesOfGatewaysAreCaught(t *testing.T) {
	t.Parallel()
	client := startServer(t).client(t)
	for mistake, property := range map[string]string{
		"reused name": "slots", silently: "renewals", "last answer bounds": "push",
	} {
		script := redis.NewScript(virtual(sourceOf(t, variant{}, property)))
		for kind, ledger := range map[string]func(seed uint64) testLedger{
			"model": func(uint64) testLedger { return newModelLedger("", property) },
			"script": func(seed uint64) testLedger {
				return &scriptLedger{client: client, script: script, base: fmt.Sprintf("{%s %d}", mistake, seed)}
			},
		} {
			t.Run(mistake+", "+kind, func(t *testing.T) {
				var err error
				for seed := uint64(0); seed < 400 && err == nil; seed++ {
					adv := newAdversary(ledger(seed), rand.New(rand.NewPCG(seed, 2)).IntN, property)
					adv.mistake = mistake
					if property == "push" {
						err = adv.pushClock()
					} else {
						err = adv.run()
					}
				}
				caught(t, err)
			})
		}
	}
}

func TestModelAndScriptAnswerAlike(t *testing.T) {
	t.Parallel()
	client := startServer(t).client(t)
	for name, property := range properties {
		t.Run(name, func(t *testing.T) {
			script := redis.NewScript(virtual(sourceOf(t, variant{}, name)))
			n := 0
			rapid.Check(t, func(rt *rapid.T) {
				n++
				s := &scriptLedger{client: client, script: script, base: fmt.Sprintf("{alike %s %d}", name, n)}
				if err := property(bothLedgers{newModelLedger("", name), s}, limitstest.FromRapid(rt)); err != nil {
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

// runProperty runs a property on the script, seed by seed, until it fails.
func runProperty(t *testing.T, client *redis.Client, v variant, property string, seeds uint64) error {
	script := redis.NewScript(virtual(sourceOf(t, v, property)))
	for seed := range seeds {
		base := fmt.Sprintf("{%s %s %d}", v.name, property, seed)
		s := &scriptLedger{client: client, script: script, base: base}
		if err := properties[property](s, rand.New(rand.NewPCG(seed, 2)).IntN); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		s.flush()
	}
	return nil
}
