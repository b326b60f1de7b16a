package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"brana/egon"
	"brana/limits"
	"brana/policy"
)

// maxNamed is the number of characters of item words in one VysledekPopis. More go
// into the next VysledekDetail, since the schema allows 1024 characters.
const maxNamed = 700

// notUnderstood refuses a message with a block of the SOAP Header that the gateway
// must understand and does not know.
func notUnderstood(h *egon.Head) *Refusal {
	return refuse(MustUnderstandKind, "Blok "+h.Demanded+" v hlavičce SOAP má atribut "+
		"mustUnderstand, ale brána jej nezná. Vynechte jej, nebo jej nevyžadujte.")
}

// notPermitted refuses a call that the policy does not grant.
func notPermitted(h *egon.Head, d *policy.Decision) *Refusal {
	switch d.Verdict {
	case policy.ItemUnknown:
		return refuse(InvalidData, unknownItems(d.Refused)...)
	case policy.ItemNotPermitted:
		return refuse(ItemNotPermitted, refusedItems(h, d)...)
	case policy.NoItems:
		return refuse(ItemNotPermitted, nothingAsked(h, d))
	case policy.ParameterNotPermitted:
		var popisy []string
		for _, r := range d.Refused {
			popisy = append(popisy, parameterPopis(r.Word))
		}
		return refuse(ParameterNotPermitted, popisy...)
	case policy.RowUnavailable:
		return refuse(MatrixUnavailable)
	default:
		return refuse(NotGranted, notGrantedPopis(h, d))
	}
}

func parameterPopis(word string) string {
	switch word {
	case policy.MediaCriteria:
		return "Volající nesmí použít výběrová kritéria DatumOd, DatumDo a Pocet " +
			"(parametr media-criteria)."
	case policy.HideLog:
		return "Volající nesmí požadovat znepřístupnění logu, znepristupniLog (parametr hide-log)."
	default:
		return "Volající nesmí použít parametr " + word + "."
	}
}

// unknownItems names every word that is no item, with the odd character in it, or
// the item that was probably meant.
func unknownItems(refused []policy.Refusal) []string {
	var words []string
	for _, r := range refused {
		if r.Unknown {
			words = append(words, wordOf(r))
		}
	}
	return named("V SeznamUdaju jsou slova, která nejsou známé položky: %s. "+
		"Opravte je, nebo je vynechte; slova oddělujte mezerou.", words)
}

func wordOf(r policy.Refusal) string {
	word := egon.LegibleWord(r.Word)
	if odd := egon.OddCharacter(r.Word); odd != "" {
		word += " (obsahuje znak " + odd + ")"
	} else if r.Hint != "" {
		word += " (správně " + r.Hint + ")"
	}
	return word
}

// refusedItems names every refused item, with the item that was probably meant.
// The items of the matrix are in the answer of E227, those of grants are not.
func refusedItems(h *egon.Head, d *policy.Decision) []string {
	var matrix, granted, inputs []string
	for _, r := range d.Refused {
		switch {
		case r.Input:
			inputs = append(inputs, wordOf(r))
		case r.OfMatrix():
			matrix = append(matrix, wordOf(r))
		default:
			granted = append(granted, wordOf(r))
		}
	}
	words := "Nepovolené položky v SeznamUdaju: %s. "
	if d.Rule == policy.AsIszr && h.Media == nil {
		words = "Ze SeznamUdaju nezbyla žádná povolená položka. Nepovolené jsou: %s. "
	}
	return slices.Concat(
		named(words+"Pro "+tripleOf(h)+" je povolený rozsah v odpovědi služby E227.", matrix),
		named(words+"Služba E227 je neuvádí, oprávnění k nim dává správce brány.", granted),
		named("K vyhledání podle zadaných údajů chybí oprávnění na položky ROB: %s.", inputs))
}

func tripleOf(h *egon.Head) string {
	i := &h.Info
	return string(i.Agenda) + "/" + string(i.AgendovaRole) + "/" + string(i.Ovm)
}

// nothingAsked refuses a call that asks for no item, and says where the permitted ones are.
func nothingAsked(h *egon.Head, d *policy.Decision) string {
	popis := "SeznamUdaju chybí, nebo nežádá žádnou položku. Uveďte v něm ty, které potřebujete."
	if d.Rule == policy.AsIszr {
		popis = "SeznamUdaju nežádá žádnou položku a žádnou do něj nelze doplnit: volající nemá " +
			"ke službě " + h.Service.Code + " žádnou povolenou."
	}
	if h.Service.Reads&^egon.Granted != 0 {
		popis += " Pro " + tripleOf(h) + " je povolený rozsah v odpovědi služby E227."
	}
	if h.Service.Reads&egon.Granted != 0 {
		popis += " Oprávnění k položkám evidencí dává správce brány."
	}
	return popis
}

// removedItems are the details of a reply to a call that went on without some items: one
// for each, as the bus answers.
func removedItems(h *egon.Head, d *policy.Decision) []egon.Detail {
	if d.Rule != policy.AsIszr || len(d.Removed) == 0 {
		return nil
	}
	details := make([]egon.Detail, len(d.Removed))
	who := tripleOf(h)
	for i, r := range d.Removed {
		const what = " byl ze SeznamUdaju odebrán, volající k němu nemá oprávnění."
		details[i].SubKod = egon.NeniOpravneni
		if r.OfMatrix() {
			details[i].Popis = itemOut + wordOf(r) + what + " Pro " + who + rangeOfRow
		} else {
			details[i].Popis = itemOut + wordOf(r) + what + rangeOfGrant
		}
	}
	return details
}

// Where the caller of a removed item finds what it may have: behind its triple, or alone.
const (
	rangeOfRow   = " je povolený rozsah v odpovědi služby E227."
	rangeOfGrant = " Oprávnění k němu dává správce brány."
)

// named puts words into sentences, each short enough for a VysledekPopis.
func named(format string, words []string) []string {
	var popisy []string
	for len(words) > 0 {
		n, size := 0, 0
		for n < len(words) && (n == 0 || size+len(words[n]) < maxNamed) {
			size += len(words[n]) + 2
			n++
		}
		popisy = append(popisy, fmt.Sprintf(format, strings.Join(words[:n], ", ")))
		words = words[n:]
	}
	return popisy
}

// notGrantedPopis says why there is no grant: one of the four ids, the service, or
// the time.
func notGrantedPopis(h *egon.Head, d *policy.Decision) string {
	i := &h.Info
	hint := ""
	if d.Hint != "" {
		hint = " Správně je " + d.Hint + "."
	}
	switch d.Reason {
	case policy.AisMissing:
		return "V ZadostInfo chybí Ais; bez něj nelze oprávnění určit."
	case policy.UnknownAgenda:
		return fmt.Sprintf("Agenda %s nemá v tomto prostředí oprávnění.%s", i.Agenda, hint)
	case policy.UnknownRole:
		return fmt.Sprintf("AgendovaRole %s nemá v agendě %s oprávnění.%s",
			i.AgendovaRole, i.Agenda, hint)
	case policy.UnknownOvm:
		return fmt.Sprintf("Ovm %s nemá v agendě %s a roli %s oprávnění.%s",
			i.Ovm, i.Agenda, i.AgendovaRole, hint)
	case policy.UnknownAis:
		return fmt.Sprintf("Ais %s nemá pro %s/%s/%s oprávnění.%s",
			i.Ais, i.Agenda, i.AgendovaRole, i.Ovm, hint)
	case policy.NotYetValid:
		return "Oprávnění volajícího ještě není platné."
	case policy.Expired:
		return "Platnost oprávnění volajícího skončila."
	default:
		return fmt.Sprintf("Služba %s není pro %s/%s/%s/%s povolena.",
			h.Service.Code, i.Agenda, i.AgendovaRole, i.Ovm, i.Ais)
	}
}

// overLimit refuses a call beyond the quota, or beyond the concurrent calls.
func overLimit(d *limits.Decision, rule policy.Limits) *Refusal {
	var r *Refusal
	var group string
	if rule.Group != "" {
		group = " skupiny služeb " + rule.Group
	}
	if d.Verdict == limits.OverConcurrency {
		r = refuse(ConcurrencyQuota, fmt.Sprintf("Souběžně smí běžet nejvýše %d volání%s; "+
			"opakujte volání po dokončení některého z nich.", rule.Concurrent, group))
	} else {
		r = refuse(HourlyQuota, fmt.Sprintf("Hodinový limit %d volání%s je vyčerpán; "+
			"opakujte volání za %d s.", d.Quota, group, seconds(d.RetryAfter)))
	}
	r.RetryAfter = d.RetryAfter
	return r
}

// asRefusal makes a refusal of an error of the pipeline. A CallError comes first:
// an offence that it wraps is the upstream's.
func asRefusal(err error) *Refusal {
	var (
		refusal *Refusal
		offence *egon.Offence
		call    *egon.CallError
	)
	switch {
	case errors.As(err, &refusal):
		return refusal
	case errors.As(err, &call):
		return fromCall(call)
	case errors.As(err, &offence):
		return fromOffence(offence)
	case errors.Is(err, context.DeadlineExceeded):
		return refuse(Deadline).because(err)
	default:
		return refuse(Internal).because(err)
	}
}

// fromOffence refuses a message that breaks a rule.
func fromOffence(o *egon.Offence) *Refusal {
	kind := MalformedKind
	switch o.Kind {
	case egon.OtherVersion:
		kind = VersionKind
	case egon.TooLarge:
		kind = TooLargeKind
	case egon.Mismatch:
		kind = ServiceMismatch
	case egon.Invalid:
		kind = InvalidData
	}
	popis := o.Popis
	if popis == "" {
		popis = kind.Popis
	}
	if kind.SubKod == "" && !strings.Contains(popis, "bajt") {
		popis = fmt.Sprintf("%s (bajt %d)", popis, o.Offset)
	}
	return refuse(kind, popis+whoSetsIt(o)).because(o)
}

// fromCall refuses a call whose upstream failed.
func fromCall(c *egon.CallError) *Refusal {
	kind := RegistryFailed
	switch {
	case c.Busy:
		r := refuse(Overloaded,
			"Na volaný systém čeká příliš mnoho volání, opakujte volání později.")
		r.Puvodce = c.Party
		return r.because(c)
	case c.Timeout:
		kind = Deadline
	case c.Party.Kind == egon.Ais:
		kind = AisFailed
	}
	r := &Refusal{Kind: kind, Puvodce: c.Party, Details: c.Detail, Cause: c}
	var offence *egon.Offence
	if errors.As(c, &offence) && offence.Kind == egon.Unpermitted { // it would send the same again
		r.Popisy = []string{offence.Popis + " Odpověď nebyla vydána, opakované volání nepomůže; " +
			"oznamte to správci brány."}
	}
	if len(c.Detail) > 0 && !c.Timeout { // it answered with its reason: no use in trying again
		r.Popisy = []string{"Volaný systém žádost odmítl; důvod je v dalším VysledekDetail."}
	}
	return r
}
