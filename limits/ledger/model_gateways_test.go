package ledger

type member struct {
	seq, at          int64
	telling, settled bool
}

type version struct{ taken, seen int64 }

// meet records a gateway and counts the others. It returns whether one of them has yet to replay.
func (m *modelLedger) meet(q *request, a *answer) (untold bool) {
	m.gateways[q.Gateway] = member{q.Seq, a.now, q.Replaying, q.Settled}
	for id, other := range m.gateways {
		if other.at > a.now-5*heartbeat.Milliseconds() {
			a.gateways++
			if other.settled && id != q.Gateway {
				a.guide = max(a.guide, other.at)
			}
		} else if other.at <= a.now-60*heartbeat.Milliseconds() {
			delete(m.gateways, id)
		}
		heard := other.at > a.now-m.learn || m.is("waits for the silent")
		asked := id == q.Gateway || !m.is("others not asked")
		untold = untold || other.telling && heard && asked
	}
	if q.Leave {
		delete(m.gateways, q.Gateway)
	}
	return untold
}

// adopt records the policy of a gateway, and returns whether there is a newer one.
func (m *modelLedger) adopt(q *request, a *answer, fresh bool) (behind bool) {
	newest := int64(0)
	for name, policy := range m.policies {
		if policy.seen <= a.now-windowMillis && !m.is("policies forever behind") {
			delete(m.policies, name)
		} else {
			newest = max(newest, policy.taken)
		}
	}
	taken := q.Taken
	if m.is("order not replayed") {
		taken = 0
	}
	a.taken = max(m.policies[q.Policy].taken, taken)
	if q.Adopts || a.taken == 0 || m.is("restarts adopt") && fresh {
		a.taken = max(a.now, newest+1)
	}
	m.policies[q.Policy] = version{a.taken, a.now}
	return a.taken < newest && !m.is("policies without order")
}
