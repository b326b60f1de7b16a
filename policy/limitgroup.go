package policy

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"brana/egon"

	"github.com/goccy/go-yaml/ast"
)

// Rest is the group of the services that are in no other group of a grant.
const Rest = "rest"

// longestGroup bounds the name of a group, in characters.
const longestGroup = 64

// Account is the part of the key under which a group's calls are counted, beside the
// quadruple. It is empty where the quadruple alone is the key: limits for all services of a
// grant, and those of [Rest], share their counts.
func (l *Limits) Account() string {
	if l.Group == Rest {
		return ""
	}
	return l.Group
}

// A limitGroup is an entry of a list of limits.
type limitGroup struct {
	Limits
	node  ast.Node    // of for
	codes []codeRange // empty: the rest
}

// A codeRange is the services from a code to another one, in the order of the catalogue.
type codeRange struct {
	first, last *egon.Service
	node        ast.Node
}

func (r codeRange) String() string {
	if r.first == r.last {
		return r.first.Code
	}
	return r.first.Code + "-" + r.last.Code
}

func (r codeRange) has(code string) bool {
	s := egon.ServiceByCode(code)
	at := place(s)
	return s == r.first || at >= 0 && place(r.first) <= at && at <= place(r.last)
}

// place is the place of a service in the order of the catalogue, or -1.
func place(s *egon.Service) int { return slices.Index(egon.Services(), s) }

// limits reads the limits of a grant: one set of figures for all its services, or a list of
// groups. It returns the groups, and the index of the group of each service.
func (m mapping) limits(services []string) (groups []Limits, of map[string]int) {
	of = make(map[string]int)
	n := m.values["limits"]
	if n == nil {
		return nil, of
	}
	if _, ok := n.(*ast.SequenceNode); !ok {
		one, _ := m.mapping(n, "limits",
			"working_hours", "off_hours", "concurrent", "when_redis_is_down?")
		return []Limits{one.figures()}, of
	}
	entries := m.entries("limits")
	if len(entries) == 0 {
		m.fail(n, "limits is empty: write calls an hour and at once")
		return nil, of
	}
	var read []limitGroup
	for _, entry := range entries {
		if group, ok := m.limitGroup(entry); ok {
			read = append(read, group)
		}
	}
	known := len(services) > 0 && len(read) == len(entries)
	if m.namesDiffer(read) && known {
		of = m.assign(services, read)
	}
	for _, group := range read {
		groups = append(groups, group.Limits)
	}
	return groups, of
}

// limitGroup reads an entry of a list of limits. It is not ok when its services are not known.
func (m mapping) limitGroup(n ast.Node) (group limitGroup, ok bool) {
	v, ok := m.mapping(n, "the group of limits", "for", "name?",
		"working_hours", "off_hours", "concurrent", "when_redis_is_down?")
	if group.node = v.values["for"]; !ok || group.node == nil {
		return group, false
	}
	group.Limits = v.figures()
	if word, ok := group.node.(*ast.StringNode); ok && word.Value == Rest {
		group.Group = Rest
		if name := v.values["name"]; name != nil {
			v.fail(name, "the group for: rest is called rest: remove its name")
		}
		return group, true
	}
	before := v.count()
	group.codes = v.codeRanges()
	if v.count() > before {
		return group, false
	}
	group.Group = v.groupName(group.codes)
	return group, true
}

// codeRanges reads the services of a group, in the order of the catalogue.
func (m mapping) codeRanges() (ranges []codeRange) {
	n := m.values["for"]
	is := describe(n)
	if list, ok := n.(*ast.SequenceNode); ok && len(list.Values) > 0 {
		is = ""
	} else if ok {
		is = "an empty list"
	}
	if is != "" {
		m.fail(n, "for is %s: write rest, or a list of codes and ranges as [E158-E172, E270]", is)
		return nil
	}
	for _, s := range m.list("for") {
		if s.text == Rest {
			m.fail(s.node, "rest stands in a list: write for: rest in a group of its own")
			continue
		}
		first, last, between := strings.Cut(s.text, "-")
		if !between {
			last = first
		}
		r := codeRange{egon.ServiceByCode(first), egon.ServiceByCode(last), s.node}
		switch {
		case r.first == nil:
			m.fail(s.node, "unknown service %s: write %s", first, rangeAdvice(first))
		case r.last == nil:
			m.fail(s.node, "unknown service %s: write %s", last, rangeAdvice(last))
		case r.first != r.last && (place(r.first) < 0 || place(r.last) < 0):
			m.fail(s.node, "%s is no range of the catalogue: list each code", s.text)
		case place(r.first) > place(r.last):
			m.fail(s.node, "%s runs backwards: write %s-%s", s.text, r.last.Code, r.first.Code)
		default:
			ranges = append(ranges, r)
		}
	}
	slices.SortStableFunc(ranges, func(a, b codeRange) int {
		return cmp.Or(cmp.Compare(place(a.first), place(b.first)),
			cmp.Compare(a.String(), b.String()))
	})
	return ranges
}

// groupName reads the name of a group. Without one, the group is called by its services.
func (m mapping) groupName(codes []codeRange) string {
	var texts []string
	for _, r := range codes {
		texts = append(texts, r.String())
	}
	text := strings.Join(texts, ",")
	s, named := m.string("name")
	if !named {
		if len(text) > longestGroup && m.values["name"] == nil {
			m.fail(m.values["for"], "the group has no name, and its services take more than %d "+
				"characters: add name", longestGroup)
		}
		return text
	}
	odd := func(r rune) bool { return r >= utf8.RuneSelf }
	switch {
	case s.text == Rest:
		m.fail(s.node, "the name rest is that of the group for: rest: write another")
		return text
	case !isCode(s.text, longestGroup) || strings.ContainsFunc(s.text, odd):
		m.fail(s.node, "name is %q: write ASCII %s, at most %d characters", s.text,
			codeCharacters, longestGroup)
	}
	return s.text
}

// namesDiffer notes groups of one name, which would share an account.
func (m mapping) namesDiffer(groups []limitGroup) bool {
	differ, seen := true, make(map[string]bool)
	for _, group := range groups {
		if seen[group.Group] {
			differ = false
			m.fail(group.node, "two groups of limits are called %s: make them one, or give "+
				"one another name", group.Group)
		}
		seen[group.Group] = true
	}
	return differ
}

// assign finds the one group of each service.
func (m mapping) assign(services []string, groups []limitGroup) map[string]int {
	of := make(map[string]int)
	used := make(map[ast.Node]bool)
	rest := slices.IndexFunc(groups, func(g limitGroup) bool { return g.Group == Rest })
	var without []string
	for _, code := range services {
		for i, group := range groups {
			for _, r := range group.codes {
				if !r.has(code) {
					continue
				}
				used[r.node] = true
				if other, twice := of[code]; twice && other != i {
					m.fail(r.node, "%s is in the group %s already: keep it in one", code,
						groups[other].Group)
				} else {
					of[code] = i
				}
			}
		}
		switch _, found := of[code]; {
		case found:
		case rest < 0:
			without = append(without, code)
		default:
			of[code] = rest
			used[groups[rest].node] = true
		}
	}
	if without != nil {
		m.fail(m.values["limits"], "no group of limits has %s: add a group for: rest, or add "+
			"the codes to one", strings.Join(without, ", "))
	}
	m.checkUsed(groups, used)
	return of
}

// checkUsed notes what stands for no service of the grant.
func (m mapping) checkUsed(groups []limitGroup, used map[ast.Node]bool) {
	for _, group := range groups {
		if group.Group == Rest && !used[group.node] {
			m.fail(group.node, "all services are in other groups: remove the group for: rest")
		}
		for _, r := range group.codes {
			if !used[r.node] {
				m.fail(r.node, "services has nothing of %s: remove it here, or add it there", r)
			}
		}
	}
}

// rangeAdvice is what to write in the place of a code that is none: it may be a range with
// blanks, or with a dash.
func rangeAdvice(code string) string {
	advice := serviceAdvice(code)
	if egon.ServiceByCode(advice) == nil {
		advice += ", or a range with a hyphen and without blanks, as E158-E172"
	}
	return advice
}
