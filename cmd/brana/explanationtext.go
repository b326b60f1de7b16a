package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"brana/policy"
)

// print writes the explanation for a terminal.
func (e *explanation) print(out io.Writer) error {
	if e.Identity != "" {
		fmt.Fprintln(out, e.Identity)
	}
	if e.Handshake != "" {
		fmt.Fprintf(out, "handshake refused: %s\n", e.Handshake)
	}
	if e.Caller != "" {
		fmt.Fprintf(out, "service %s, caller %s, policy %s\n", e.Service, e.Caller, e.Policy)
	}
	if e.Route != nil {
		fmt.Fprintln(out, e.Route)
	}
	if l := e.Limits; l != nil {
		group := ""
		if l.Group != "" {
			group = ", limits of " + l.Group
		}
		fmt.Fprintf(out, "grant %s%s: %d/h in working hours, %d/h outside, %d at once\n",
			e.Grant, group, l.Working, l.Off, l.Concurrent)
	}
	if err := e.printItems(out); err != nil {
		return err
	}
	return e.printVerdict(out)
}

// String returns the route as one line.
func (r *explainedRoute) String() string {
	text := fmt.Sprintf("place %s, route %s", r.Place, r.To)
	if r.Items != "" {
		text += fmt.Sprintf(", items %s, returned %s", r.Items, r.Returned)
	}
	return text
}

// printItems writes the table of items.
func (e *explanation) printItems(out io.Writer) error {
	if e.Caller == "" {
		return nil
	}
	if len(e.Items) == 0 {
		_, err := fmt.Fprintln(out, "no items")
		return err
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ITEM\tASKED\tPERMITTED BY\tBECOMES")
	for _, i := range e.Items {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", i.Word, i.asked(), i.by(), i.Becomes)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) { // the last column is often empty
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

func (i *explainedItem) asked() string {
	switch {
	case i.Input:
		return "search"
	case i.Asked:
		return "yes"
	}
	return "no"
}

// by is what gives the right to the item, or why nothing does.
func (i *explainedItem) by() string {
	switch i.By {
	case policy.RowRight.String():
		return "row " + i.Source
	case policy.GrantRight.String():
		return "grant " + i.Source
	case policy.ControlRight.String():
		return "no right is needed"
	}
	switch i.Lacks {
	case "row", "input":
		return "nothing: the row lacks it"
	case "grant":
		return "nothing: the grant lacks it"
	case "both":
		return "nothing: grant and row lack it"
	case "unknown":
		return "nothing: it is no item"
	case rowUnavailable:
		return "unknown: the row is unavailable"
	}
	return "not judged"
}

// printVerdict writes whether the call is granted, and why not.
func (e *explanation) printVerdict(out io.Writer) error {
	switch {
	case e.Verdict == grantedCall:
		warned := ""
		if slices.ContainsFunc(e.Items, func(i explainedItem) bool { return i.Becomes == removedItem }) {
			warned = ", and the answer is VAROVANI"
		}
		_, err := fmt.Fprintf(out, "%s: granted%s\n", e.File, warned)
		return err
	case e.Outcome == "":
		_, err := fmt.Fprintf(out, "%s: refused: %s\n", e.File, e.Reason)
		return err
	}
	fmt.Fprintf(out, "%s: refused: %s\n", e.File, e.Outcome)
	for _, sentence := range e.Sentences {
		fmt.Fprintf(out, "  %s\n", sentence)
	}
	_, err := fmt.Fprintf(out, "  %s\n", e.Help)
	return err
}
