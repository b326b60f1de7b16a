package gateway

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"brana/limits"
	"brana/policy"
)

// The account of a call is that of the group of its service. The rest, and a caller without
// groups, have the account of the quadruple. Header fields, line and record name the group.
func TestAccountsOfGroups(t *testing.T) {
	grouped := strings.Replace(grants, `limits: {working_hours: 1000/h, off_hours: 1000/h, concurrent: 2}}`,
		`limits: [{for: [E227-E270, E35a], name: rights, working_hours: 5/h, off_hours: 5/h, concurrent: 1},
       {for: rest, working_hours: 7/h, off_hours: 7/h, concurrent: 2, when_redis_is_down: open}]}`, 1)
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(fstest.MapFS{
			"grants/a.yaml": {Data: []byte(grouped)}, "matrix.csv": {Data: []byte(matrix)},
		}, policy.Config{Dir: "grants", MatrixFile: "matrix.csv", Environment: policy.Test})
	})
	if err != nil {
		t.Fatal(err)
	}
	var asked limits.Call
	into, records := recorded(t)
	s := startGateway(t, into, func(s *settings) {
		s.parts.Policy = store
		s.parts.Limiter = &limiterFunc{admit: func(_ context.Context, c limits.Call) (limits.Decision, error) {
			asked = c
			return limits.Decision{Verdict: limits.Admitted, Quota: c.Rule.Off, Remaining: 1}, nil
		}}
	})
	one := limits.KeyOf("X999", "XR1", "12345678", "999001")
	other := limits.KeyOf("X999", "XR1", "12345678", "999007")
	for n, test := range []struct {
		service, ais, group string
		key                 limits.Key
		rule                limits.Rule
		whenDown            limits.Mode
		field               string
	}{
		{"E35a", "", "rights", limits.KeyOf("X999", "XR1", "12345678", "999001", "rights"),
			limits.Rule{Working: 5, Off: 5, Concurrent: 1}, limits.Closed, `"hour:rights";q=5;w=3600`},
		{"E05", "", "rest", one, limits.Rule{Working: 7, Off: 7, Concurrent: 2}, limits.Open,
			`"hour:rest";q=7;w=3600`},
		{"E99", "999007", "", other, limits.Rule{Working: 1000, Off: 1000, Concurrent: 2},
			limits.Closed, `"hour";q=1000;w=3600`},
	} {
		r := s.post(t, "/publikace/"+test.service, call{code: test.service, ais: test.ais}.message())
		read(t, r)
		if got := r.Header.Get("RateLimit-Policy"); got != test.field || !structured.MatchString(got) {
			t.Errorf("%s: RateLimit-Policy %s, want %s", test.service, got, test.field)
		}
		if asked.Key != test.key || asked.Rule != test.rule || asked.WhenDown != test.whenDown {
			t.Errorf("%s: asked for %x by %+v, %s", test.service, asked.Key, asked.Rule, asked.WhenDown)
		}
		group, _ := s.lines(t, n+1)[n]["group"].(string)
		if group != test.group {
			t.Errorf("%s: the line has group %q, want %q", test.service, group, test.group)
		}
	}
	s.settled(t)
	var got []string
	for _, r := range records() {
		if r.Quota != nil {
			got = append(got, r.Service+" "+r.Quota.Group)
		}
	}
	if want := "E35a rights, E05 rest, E99 "; strings.Join(got, ", ") != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
}
