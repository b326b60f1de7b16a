// Package ledger shares limits among gateways. The counts lie in Redis, in the ledger; each gateway
// leases permits and slots from there and decides about most calls by itself. Package limits has
// the rule and what is counted. Store does what limits.Memory does; a contract test holds them
// equal. docs/limits.md explains the whole, ledger.go has the proof.
//
// # The loop
//
//	Admit ─▶ stripes (a large caller) ─▶ admitted
//	           │ no
//	           ▼                                            stripes.go
//	         with(caller): recall ─▶ decide ─▶ lend ──────▶ admitted, or refused again
//	           │ nothing is held or known                   admit.go, caller.go
//	           ▼
//	         enlist: the caller is queued at its shard
//	           ▼                                            requests.go
//	         exchange: pick callers ─▶ entries ─▶ one request under way ─▶ answer ─▶ apply
//	           ▼                          │                                │
//	         decide again                 └─ script.go, ledger.lua ────────┘
//
// Four times a second tend goes over all shards: it gives back what is held in vain, parks callers
// that do not call, and has a heartbeat sent when no request was for a second. No request is
// sent for one call alone while another is under way: what comes meanwhile goes in the next.
//
// A Store has 16 shards, each with a mutex. A shard owns its callers. Types caller, anchor, dormant
// and lease do no I/O and read no clock: they are given the moment.
//
// # Files
//
// A file refers to files of its own line and of the lines below it. Only those of the engine refer
// to each other in a circle.
//
//	admit, operate                   decide about a call; do what an operator wants
//	store, shard, requests, stats    the engine: what has a mutex or runs in the background
//	entry, dormant, lending          one caller: in a request, while it does not call, in stripes
//	caller, slots, stripes, anchor   what a caller holds; what is known of ledger time
//	script, settings                 run ledger.lua, and look at the settings, on a given client
//	protocol                         requests, answers and their form on the wire
//	config, connect, errors          make a client of Redis, and put its errors into words
//	clock, ledger                    a clock; the constants, and why they keep the quota
//
// No lease is renewed: entry gives back the one that is over, and asks for another. A slot that
// caller renews only frees itself later.
//
// # States
//
// A caller (caller.go, dormant.go):
//
//	idle      holds no permits        ─ a call needs one ─▶ leasing
//	leasing   holds permits           ─ used up, or 5 s without a call ─▶ idle
//	idle      ─ 10 s after the last answer: holds no slots, owes no replay ─▶ dormant
//	dormant   has what a replay needs ─ call ─▶ idle; the hour is over ─▶ forgotten
//	dormant   ─ the ledger forgot ─▶ unreplayed ─ call, or its turn to be replayed ─▶ idle
//
// Its turn in the requests of the shard:
//
//	silent    ─ enqueue ─▶ queued ─ pick ─▶ asking ─ answer, or none ─▶ silent
//	asking    ─ enqueue ─▶ asksAgain ─ answer, or none ─▶ queued
//
// Its standing, which is whether the ledger knows what this gateway knows of it. A new caller is
// unsynced, one that was dormant is synced, one that was unreplayed is owed:
//
//	synced    ─ called without the ledger ─▶ unsynced
//	any       ─ the ledger forgot ─▶ owed
//	unsynced, owed  ─ the entry that replays it is sent ─▶ synced ─ no answer ─▶ as before
//
// The health of a shard, and limits.State, which shows it:
//
//	settling  learning  ─ ledger time is known ─▶ up;  ─ another gateway knows it ─▶ learning
//	up        normal    ─ the ledger forgot, or learns ─▶ learning;  ─ this clock slept ─▶ settling
//	learning  learning  ─ all have replayed, or were silent for 12 s ─▶ up
//	                    ─ nobody is left who knows ledger time ─▶ settling
//	down      down      ─ any answer ─▶ settling, up or learning
//	any                 ─ no answer, or Close ─▶ down
//
// After a loss, shard.replaying holds until this gateway has replayed all that it knows. Until then
// it keeps the ledger shut. The sender of a shard:
//
//	senderIdle  ─ something to ask ─▶ senderBusy ─ nothing more ─▶ senderIdle
//	senderBusy  ─ Close ─▶ senderDraining ─ nothing more ─▶ senderClosed
//	senderIdle  ─ Close ─▶ senderClosed
//
// What is known of ledger time (anchor.go):
//
//	unseen    ─ first answer ─▶ watching ─ another moved it, or nobody else is there ─▶ sure
//	sure      ─ this clock was asleep ─▶ watching
//
// # Moments
//
// There are three clocks, and a name says which:
//
//	t                               time.Time, of the wall clock; for the calendar and for people
//	now, sent, heard, until, …      int64, milliseconds of this gateway's monotonic clock
//	ledgerNow, leaves, Made, Ends   int64, milliseconds of ledger time; and all of protocol.go
//
// moments is one moment by the latter two.
package ledger
