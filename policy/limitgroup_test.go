package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"brana/egon"
)

// groupsOf loads a grant of services with a list of groups, each written as
// "for" or "for as name", and returns the groups as NAME: SERVICES.
func groupsOf(services string, groups ...string) (string, error) {
	var list []string
	for i, group := range groups {
		of, name, _ := strings.Cut(group, " as ")
		if name != "" {
			name = ", name: " + name
		}
		if of != Rest {
			of = "[" + of + "]"
		}
		list = append(list, fmt.Sprintf(
			"{for: %s%s, working_hours: %d/h, off_hours: 9/h, concurrent: 1}", of, name, i+1))
	}
	text := strings.NewReplacer("[E198, E227, E05]", "["+services+"]",
		"limits: {working_hours: 5000/h, off_hours: 20000/h, concurrent: 20, when_redis_is_down: share}",
		"limits: ["+strings.Join(list, ", ")+"]").Replace(oneGrant)
	s, err := LoadFS(mapFS("p/a.yaml", text), Config{Dir: "p", Environment: Test})
	if err != nil {
		return "", err
	}
	g := s.Grants()[0]
	var got []string
	for i, l := range g.Limits {
		codes := g.InGroup(l.Group)
		for _, code := range codes {
			of, _ := g.LimitsFor(egon.ServiceByCode(code))
			if of != l || of.Working != int64(i+1) {
				return "", fmt.Errorf("the limits of %s are %+v", code, of)
			}
		}
		got = append(got, l.Group+": "+strings.Join(codes, " "))
	}
	return strings.Join(got, "; "), nil
}

// A group has the codes that it lists and what lies between two codes in the catalogue.
// Without a name it is called by them, in the order of the catalogue.
func TestLimitsOfGroups(t *testing.T) {
	const aiseo = "E158, E159, E160, E171, E172, E270"
	long := make([]string, 0, 30)
	for _, s := range egon.Services()[:30] {
		long = append(long, s.Code)
	}
	for _, tt := range []struct {
		name, services string
		groups         []string
		want           string // or the mistake
	}{
		{"a range and the rest", "E05, " + aiseo, []string{"E158-E172,E270", "rest"},
			"E158-E172,E270: E158 E159 E160 E171 E172 E270; rest: E05"},
		{"the rest comes first", "E05, E158", []string{"rest", "E158"}, "rest: E05; E158: E158"},
		{"no rest", "E05, E158", []string{"E05", "E158-E172"}, "E05: E05; E158-E172: E158"},
		{"the rest alone", "E05, E158", []string{"rest"}, "rest: E05 E158"},
		{"in another order", "E05, E270, E158", []string{"E270, E158-E160", "rest"},
			"E158-E160,E270: E270 E158; rest: E05"},
		{"numbers, not letters", "E05, E99, E100", []string{"E05-E99", "E100-E101"},
			"E05-E99: E05 E99; E100-E101: E100"},
		{"a code with wrong letters", "E34a, E34zz, E35a", []string{"rest"}, "unknown service E34zz"},
		{"between codes with letters", "E34a, E34q, E35a, E36", []string{"E34a-E34t", "E35A,E36"},
			"E34a-E34t: E34a E34q; E35a,E36: E35a E36"},
		{"one code as a range", "E05, E158", []string{"E158-E158", "rest"}, "E158: E158; rest: E05"},
		{"a name", "E05, " + aiseo, []string{"E158-E270 as aiseo", "rest"},
			"aiseo: E158 E159 E160 E171 E172 E270; rest: E05"},
		{"many codes with a name", strings.Join(long, ", "),
			[]string{strings.Join(long[1:], ",") + " as many", "rest"},
			"many: " + strings.Join(long[1:], " ") + "; rest: " + long[0]},
		{"many codes without", strings.Join(long, ", "),
			[]string{strings.Join(long[1:], ","), "rest"}, "12:20: the group has no name"},
		{"a service in no group", "E05, E158, E227", []string{"E158-E172"},
			"12:13: no group of limits has E05, E227: add a group for: rest, or add the codes to one"},
		{"a service in two groups", "E158, E159", []string{"E158-E160", "E159"},
			"12:92: E159 is in the group E158-E160 already: keep it in one"},
		{"nothing of a group", "E05, E158", []string{"E158", "E171", "rest"},
			"12:87: services has nothing of E171: remove it here, or add it there"},
		{"nothing of a part of a group", "E05, E158", []string{"E158, E190-E195", "rest"},
			"12:27: services has nothing of E190-E195: remove it here, or add it there"},
		{"nothing is left", "E158", []string{"E158", "rest"},
			"12:86: all services are in other groups: remove the group for: rest"},
		{"the rest twice", "E05", []string{"rest", "rest"}, "two groups of limits are called rest"},
		{"a name twice", "E05, E158", []string{"E05 as a", "E158 as a"},
			"two groups of limits are called a"},
		{"the name of another's services", "E05, E158", []string{"E05", "E158 as E05"},
			"two groups of limits are called E05"},
		{"the name of the rest", "E05, E158", []string{"E158 as rest", "rest"},
			"12:34: the name rest is that of the group for: rest: write another"},
		{"the rest with a name", "E05", []string{"rest as others"},
			"12:32: the group for: rest is called rest: remove its name"},
		{"a name with a blank", "E05", []string{`E05 as "a b"`}, `12:33: name is "a b": write ASCII`},
		{"a name beyond ASCII", "E05", []string{"E05 as město"}, `name is "město": write ASCII`},
		{"a range that runs backwards", "E158", []string{"E172-E158"},
			"12:21: E172-E158 runs backwards: write E158-E172"},
		{"an unknown code", "E158", []string{"E158-E922"}, "12:21: unknown service E922"},
		{"a code in the wrong case", "E158", []string{"e158"}, "unknown service e158: write E158"},
		{"half a range", "E158", []string{"E158-"}, "unknown service : write a code"},
		{"a range with a dash", "E158", []string{"E158–E172"}, "12:21: unknown service E158–E172: " +
			"write a code of the catalogue, such as E198, or a range with a hyphen and without blanks"},
		{"the rest in a list", "E05, E158", []string{"E158", "E05, rest"},
			"rest stands in a list: write for: rest in a group of its own"},
		{"no group", "E05", nil, "12:13: limits is empty"},
		{"no service of a group", "E05", []string{""},
			"12:20: for is an empty list: write rest, or a list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := groupsOf(tt.services, tt.groups...)
			if err != nil {
				if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%v\nwant %s alone", err, tt.want)
				}
				return
			}
			if got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
		})
	}
}

// Each service of a grant that loads is in exactly one of them, and has
// its limits. A partition of the services always loads.
func TestEachServiceHasOneGroup(t *testing.T) {
	codes := []string{"E05", "E34a", "E99", "E100", "E158", "E160", "E171", "E198", "E227", "E270"}
	loaded := 0
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom(codes)
		granted := rapid.SliceOfNDistinct(code, 1, 6, rapid.ID).Draw(t, "services")
		var groups []string
		partition := rapid.Bool().Draw(t, "partition")
		if partition {
			parts := make([][]string, 3)
			for _, code := range granted {
				part := rapid.IntRange(0, 2).Draw(t, "part")
				parts[part] = append(parts[part], code)
			}
			for i, part := range parts {
				switch {
				case len(part) == 0:
				case i == 0:
					groups = append(groups, Rest)
				default:
					groups = append(groups, strings.Join(part, ", "))
				}
			}
		} else {
			for range rapid.IntRange(1, 3).Draw(t, "groups") {
				groups = append(groups, code.Draw(t, "first")+"-"+code.Draw(t, "last"))
			}
		}
		text, err := groupsOf(strings.Join(granted, ", "), groups...)
		if err != nil {
			if partition {
				t.Fatal(err)
			}
			return
		}
		loaded++
		var found []string
		for group := range strings.SplitSeq(text, "; ") {
			_, of, _ := strings.Cut(group, ": ")
			if of == "" {
				t.Errorf("%s has no services", group)
			}
			found = append(found, strings.Fields(of)...)
		}
		slices.Sort(found)
		slices.Sort(granted)
		if !slices.Equal(found, granted) {
			t.Errorf("%v of %v are in groups: %s", found, granted, text)
		}
	})
	if loaded == 0 {
		t.Error("no policy was loaded")
	}
}

// An internal message is counted for the group of the service that it is covered by, and for
// its own where it is listed itself.
func TestGroupsOfInternalMessages(t *testing.T) {
	for _, tt := range []struct{ services, groups, message, want string }{
		{"E159, E171, E270", "E158-E172; rest", "X11", "E158-E172"},
		{"E159, E171, E270", "E158-E172; rest", "X15", "E158-E172"},
		{"E159, E171, E270", "E158-E172; rest", "X31", "rest"},
		{"E171, E172", "E171; E172", "X15", "E171"},
		{"E172, X15", "X15; rest", "X15", "X15"},
		{"E05, X11, X12", "X11; rest", "X12", "rest"},
	} {
		var list []string
		for group := range strings.SplitSeq(tt.groups, "; ") {
			if group != Rest {
				group = "[" + group + "]"
			}
			list = append(list, "{for: "+group+", working_hours: 1/h, off_hours: 1/h, concurrent: 1}")
		}
		text := strings.NewReplacer("E198, E227, E05", tt.services,
			"{working_hours: 5000/h, off_hours: 20000/h, concurrent: 20, when_redis_is_down: share}",
			"["+strings.Join(list, ", ")+"]").Replace(oneGrant)
		l, ok := mustLoad(t, text, "").Grants()[0].LimitsFor(egon.ServiceByCode(tt.message))
		if !ok || l.Group != tt.want {
			t.Errorf("%s by %s in %s: %q, %v", tt.message, tt.services, tt.groups, l.Group, ok)
		}
	}
}

// Limits for all services, and those of the rest, keep the key of the quadruple.
func TestAccountsOfLimits(t *testing.T) {
	for group, want := range map[string]string{"": "", Rest: "", "E158-E172": "E158-E172"} {
		if got := (&Limits{Group: group}).Account(); got != want {
			t.Errorf("the account of %q is %q", group, got)
		}
	}
}

// A service that the grant does not list has no limits in a decision.
func TestADecisionHasTheLimitsOfItsGroup(t *testing.T) {
	groups := "limits: [{for: [E227], working_hours: 7/h, off_hours: 8/h, concurrent: 9}, " +
		"{for: rest, working_hours: 1/h, off_hours: 2/h, concurrent: 3, when_redis_is_down: open}]"
	text := strings.Replace(testGrants,
		"limits: {working_hours: 5000/h, off_hours: 20000/h, concurrent: 20}", groups, 1)
	s := mustLoad(t, text, testMatrix)
	for code, want := range map[string]Limits{
		"E227":  {Group: "E227", Working: 7, Off: 8, Concurrent: 9, WhenRedisIsDown: Closed},
		"E05":   {Group: Rest, Working: 1, Off: 2, Concurrent: 3, WhenRedisIsDown: Open},
		"E03":   {},
		"E9999": {},
	} {
		h := head(code, first, "")
		if got := s.Decide(h, noon).Limits; got != want {
			t.Errorf("%s: %+v, want %+v", code, got, want)
		}
	}
}
