package ledger

type member struct {
	seq, at          int64
	telling, settled bool
}

type version struct{ taken, seen int64 }

// meet notes a gateway, and finds the others and whether one has yet to tell what it knows.
func (b *book) meet(q *request, a *answer) (untold bool) {
	b.gateways[q.Gateway] = member{q.Seq, a.now, q.Telling, q.Settled}
	for id, other := range b.gateways {
		if other.at > a.now-5*heartbeat.Milliseconds() {
			a.gateways++
			if other.settled && id != q.Gateway {
				a.guide = max(a.guide, other.at)
			}
		} else if other.at <= a.now-60*heartbeat.Milliseconds() {
			delete(b.gateways, id)
		}
		untold = untold || other.telling && (other.at > a.now-b.learn || b.is("waits for the silent")) && (id == q.Gateway || !b.is("others not asked"))
	}
	if q.Leave {
		delete(b.gateways, q.Gateway)
	}
	return untold
}

// adopt notes the policy of a gateway, and tells whether a newer one was taken on.
func (b *book) adopt(q *request, a *answer, fresh bool) (behind bool) {
	newest := int64(0)
	for name, policy := range b.policies {
		if policy.seen <= a.now-windowMillis && !b.is("policies forever behind") {
			delete(b.policies, name)
		} else {
			newest = max(newest, policy.taken)
		}
	}
	told := q.Taken
	if b.is("order not told") {
		told = 0
	}
	a.taken = max(b.policies[q.Policy].taken, told)
	if q.Adopts || a.taken == 0 || b.is("restarts adopt") && fresh {
		a.taken = max(a.now, newest+1)
	}
	b.policies[q.Policy] = version{a.taken, a.now}
	return a.taken < newest && !b.is("policies without order")
}
