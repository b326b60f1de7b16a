package ledger

import (
	"fmt"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// A policyStep is one request of a gateway under its policy.
type policyStep struct {
	gateway, policy string
	quota, need     int64
	adopts, behind  bool
	after           time.Duration // since the step before
	lost            bool          // the ledger loses its memory before this step
	want            int64         // permits granted by all steps until now
}

// runPolicySteps runs steps of gateways that have settled.
func runPolicySteps(l testLedger, chance limitstest.Chance, steps []policyStep) error {
	now, granted := epochOfTests+int64(chance(100_000)), int64(0)
	seqs, epochs, taken := map[string]int64{}, map[string]int64{}, map[string]int64{}
	policies := map[string]string{}
	for i, step := range steps {
		g := step.gateway
		seqs[g]++
		now += step.after.Milliseconds() + int64(chance(900))
		if step.lost {
			l.flush()
		}
		if policies[g] != step.policy {
			policies[g], taken[g] = step.policy, 0
		}
		l.at(now, "f")
		a, err := l.serve(&request{
			Gateway: g, Seq: seqs[g], Epoch: epochs[g], Trust: true, Settled: true,
			Policy: step.policy, Taken: taken[g], Adopts: step.adopts,
			Bound: now, Least: now,
			Entries: []entry{{
				key:      limits.KeyOf("policy"),
				Rule:     [3]int64{step.quota, step.quota, 100},
				Outdated: step.behind, Need: step.need, Slots: step.need,
			}},
		})
		if err != nil {
			return err
		}
		epochs[g], taken[g] = a.epoch, a.taken
		if granted += a.allotments[0].permits; granted != step.want {
			return fmt.Errorf("step %d, %s with policy %s: %d granted altogether, want %d",
				i, g, step.policy, granted, step.want)
		}
	}
	return nil
}

// policyChanges: a policy is lowered and raised while gateways are behind.
func policyChanges(l testLedger, chance limitstest.Chance) error {
	const low, high = 4, 10
	before := int64(chance(7))
	lowered := max(before, low)
	return runPolicySteps(l, chance, []policyStep{
		{gateway: "a", policy: "old", quota: high, need: before, want: before},
		{gateway: "b", policy: "new", quota: low, adopts: true, want: before},
		// A gateway that is behind cannot raise a limit,
		{gateway: "a", policy: "old", quota: high, need: 10, want: lowered},
		{gateway: "b", policy: "new", quota: low, need: 10, want: lowered},
		// nor can a call that was decided under an older policy,
		{gateway: "b", policy: "new", quota: high, need: 10, behind: true, want: lowered},
		// nor a gateway that starts with a known policy.
		{gateway: "c", policy: "old", quota: high, need: 10, want: lowered},
		// The first gateway with a newer policy raises it. What was used stays counted.
		{gateway: "a", policy: "newest", quota: high, need: 10, adopts: true, want: high},
		{gateway: "b", policy: "new", quota: low, need: 10, want: high},
		// A policy that no gateway has had for an hour no longer counts as newer.
		{
			gateway: "d", policy: "old", quota: high, need: 20,
			after: limits.Window + 30*time.Second, want: 2 * high,
		},
	})
}

// policyOrder: after a loss the order of policies is the one that gateways know, whichever of them
// asks first.
func policyOrder(l testLedger, chance limitstest.Chance) error {
	const low, high = 4, 10
	return runPolicySteps(l, chance, []policyStep{
		{gateway: "a", policy: "old", quota: high},
		{gateway: "b", policy: "new", quota: low, adopts: true},
		{gateway: "b", policy: "new", quota: low, lost: true},
		{gateway: "a", policy: "old", quota: high},
		{gateway: "b", policy: "new", quota: low, after: 13 * time.Second},
		{gateway: "a", policy: "old", quota: high, need: 20, want: low},
	})
}
