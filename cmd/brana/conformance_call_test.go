package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"brana/bench/registries"
)

// An askedCall is a call that a script describes, with its outcome.
type askedCall struct {
	service string
	args    []string // of brana call
	message string   // the whole, instead
	edits   [][2]string

	status string
	blocks []string
	steps  string
	checks []func(*scenarioRun, *reply) error
}

var quoted = regexp.MustCompile(`'[^']*'|\S+`)

// ask takes a line that describes the request; it reports whether it is one.
func (c *askedCall) ask(t testing.TB, verb, rest string) (bool, error) {
	switch verb {
	case "person":
		c.args = append(c.args, byBirth(special(t, rest))...)
	case "by":
		return true, c.searchBy(t, rest)
	case "evidence":
		c.args = append(c.args, "--source", rest)
	case "items":
		c.args = append(c.args, "--items", rest)
	case "caller":
		c.args = append(c.args, little...)
	case "flags":
		for _, word := range quoted.FindAllString(rest, -1) {
			c.args = append(c.args, strings.Trim(word, "'"))
		}
	case "message":
		c.message = seed(t, rest)
	case "edit":
		from, to, err := cutEdit(rest)
		c.edits = append(c.edits, [2]string{from, to})
		return true, err
	default:
		return false, nil
	}
	return true, nil
}

// searchBy has the person sought by other inputs than the birth date.
func (c *askedCall) searchBy(t testing.TB, query string) error {
	i := slices.Index(c.args, "--name")
	if i < 0 {
		return errors.New("say the person first")
	}
	jmeno, _, _ := strings.Cut(c.args[i+1], "/")
	list := population().List(0)
	l := list[slices.IndexFunc(list, func(l registries.Listed) bool {
		return l.Jmeno+"/"+l.Prijmeni == c.args[i+1]
	})]
	born := slices.Index(c.args, "--born")
	switch query {
	case "Dotaz1":
		c.args = append(slices.Delete(c.args, born, born+2), "--rc", l.RodneCislo)
	case "Dotaz3":
		switch place := l.MistoNarozeni; {
		case place.MistoSvet != "":
			c.args = append(c.args, "--abroad", place.MistoSvet+"/"+strconv.Itoa(place.Stat))
		case place.Obec:
			c.args = append(c.args, "--birthplace", strconv.Itoa(place.NarozeniCr))
		default:
			c.args = append(c.args, "--district", strconv.Itoa(place.NarozeniCr))
		}
	case "Dotaz4":
		c.args = append(c.args, "--address", strconv.Itoa(l.TrvalyPobyt))
	case "Dotaz5Op":
		c.args = append(slices.Delete(c.args, born, born+2), "--op", strings.TrimSuffix(l.Op[0].Cislo+"/"+l.Op[0].Serie, "/"))
	case "Dotaz5Cd":
		c.args = append(slices.Delete(c.args, born, born+2), "--cd", l.Cd[0].Cislo+"/"+l.Cd[0].Druh)
	default:
		return fmt.Errorf("%s is no combination; %s is sought by Dotaz1, 3, 4, 5Op or 5Cd", query, jmeno)
	}
	return nil
}

// expect checks a line about the outcome of the call.
func (c *askedCall) expect(verb, rest string) error {
	see := func(check func(*scenarioRun, *reply) error) { c.checks = append(c.checks, check) }
	switch verb {
	case "status":
		c.status = rest
	case ">":
		c.blocks = append(c.blocks, rest)
	case "steps":
		c.steps = rest
	case "says":
		see(func(_ *scenarioRun, r *reply) error { return expectText(r.sentences(), rest, true) })
	case "holds", "lacks":
		see(func(_ *scenarioRun, r *reply) error { return expectText(string(r.body), rest, verb == "holds") })
	case "sent", "unsent":
		step, text, _ := strings.Cut(rest, " ")
		see(func(p *scenarioRun, _ *reply) error { return p.sent(step, text, verb == "sent") })
	case "metric":
		name, value, _ := strings.Cut(rest, " ")
		see(func(p *scenarioRun, _ *reply) error { return expectText(" "+p.w.metric(name)+" ", " "+value+" ", true) })
	case "numbered":
		see(func(p *scenarioRun, _ *reply) error { return p.numbered() })
	case "golden":
		see(func(p *scenarioRun, r *reply) error { golden(p.t, rest, r); return nil })
	case "opens":
		see(func(p *scenarioRun, r *reply) error { checkPhoto(p.t, r); return nil })
	default:
		return errors.New("unknown line")
	}
	return nil
}

func (c *askedCall) outline() string {
	return strings.Join(append([]string{c.status}, c.blocks...), "\n")
}

func (c *askedCall) build(t testing.TB) []byte {
	text := c.message
	if text == "" {
		text = string(message(t, c.service, c.args[1:]...))
	}
	for _, e := range c.edits {
		if !strings.Contains(text, e[0]) {
			t.Fatalf("%s is not in %s", e[0], text)
		}
		text = strings.Replace(text, e[0], e[1], 1)
	}
	return []byte(text)
}

// sentences are the texts of the system status.
func (r *reply) sentences() string {
	var said []string
	for _, d := range findAll(find(r.root, "Status"), "VysledekPopis") {
		said = append(said, d.Value())
	}
	return strings.Join(append(said, text(r.root, "faultstring")), "\n")
}

func expectText(where, what string, want bool) error {
	if strings.Contains(where, what) != want {
		return fmt.Errorf("holds %s: %v, want %v", what, !want, want)
	}
	return nil
}
