package gateway

import (
	"testing"

	"brana/egon"
	"brana/policy"
)

// BenchmarkRules is what the rules of items cost a relayed call of a person. Names are
// permitted, the telephone number is not. The first case is what the others are compared
// with: nothing is judged that can be removed.
func BenchmarkRules(b *testing.B) {
	const names, more = "<Jmeno>X</Jmeno><Prijmeni>Y</Prijmeni>", "<Telefon>+420 123 456 789</Telefon>"
	permitted := call{items: []string{"Jmeno", "Prijmeni"}}.message()
	for _, c := range []struct {
		name     string
		items    policy.ItemRule
		returned egon.ReturnedRule
		message  []byte
		reply    string // of the person
	}{
		{"pass", policy.Pass, egon.ObserveReturned, permitted, names},
		{"as-iszr, as it is", policy.AsIszr, egon.ObserveReturned, permitted, names},
		{"as-iszr, removed", policy.AsIszr, egon.ObserveReturned,
			call{items: []string{"Jmeno", "Prijmeni", "Telefon"}}.message(), names},
		{"as-iszr, filled", policy.AsIszr, egon.ObserveReturned, call{}.message(), names},
		{"filter, as it is", policy.Pass, egon.FilterReturned, permitted, names},
		{"filter, removed", policy.Pass, egon.FilterReturned, permitted, names + more},
	} {
		b.Run(c.name, func(b *testing.B) {
			rules := func(s *settings) {
				s.cfg.Routes.Default.Items, s.cfg.Routes.Default.Returned = c.items, c.returned
			}
			l := newLoop(b, "/publikace/E05", c.message, staticRelay(personReply(c.reply)), rules, unlimited)
			b.ReportAllocs()
			for b.Loop() {
				l.exchange(b)
			}
		})
	}
}
