package limits

// Extra is the calls that an operator has granted one caller beyond its quotas, in both regimes,
// until they end. A caller has one such grant at a time, the last made. Moments are milliseconds of
// the store's clock.
//
// What it offers: a rolling hour whose last call is made at t holds no more than the quota and the
// extra calls in force at t. A permit may be used for a Lease after it was granted, so none is
// granted beyond the quota in the last Lease before they end. For a Lease after they were lowered,
// permits granted before may be used. Calls made with them count like any other when they have
// ended: the caller may then have to wait until enough of them have left.
type Extra struct {
	Made  int64 // rises; 0: none was ever
	Calls int64 // 0: taken back
	Ends  int64
}

// At is how many of them a permit granted at a moment may use.
func (e Extra) At(moment int64) int64 {
	if moment+leaseMillis > e.Ends {
		return 0
	}
	return e.Calls
}

// Raise is a rule with the extra calls of a moment.
func (e Extra) Raise(rule Rule, moment int64) Rule {
	calls := e.At(moment)
	rule.Working += calls
	rule.Off += calls
	return rule
}
