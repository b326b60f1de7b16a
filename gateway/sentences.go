package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"brana/egon"
	"brana/limits"
	"brana/policy"
)

// maxNamed is how many characters of item words one VysledekPopis names; more
// go into the next VysledekDetail, since the schema allows 1024 characters.
const maxNamed = 700

// notUnderstood is the refusal of a message with a block of the SOAP Header that
// the gateway must understand and does not.
func notUnderstood(h *egon.Head) *Refusal {
	return refuse(MustUnderstandKind, "Blok "+h.Demanded+" v hlavičce SOAP má atribut mustUnderstand, ale brána jej nezná. Vynechte jej, nebo jej nevyžadujte.")
}

// notPermitted is the refusal of a decision that is not granted.
func notPermitted(h *egon.Head, d *policy.Decision) *Refusal {
	switch d.Verdict {
	case policy.ItemUnknown:
		return refuse(InvalidData, unknownItems(d.Refused)...)
	case policy.ItemNotPermitted:
		return refuse(ItemNotPermitted, refusedItems(h, d.Refused)...)
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
		return "Volající nesmí použít výběrová kritéria DatumOd, DatumDo a Pocet (parametr media-criteria)."
	case policy.HideLog:
		return "Volající nesmí požadovat znepřístupnění logu, znepristupniLog (parametr hide-log)."
	default:
		return "Volající nesmí použít parametr " + word + "."
	}
}

// unknownItems names every word that is no item, with what is odd in it or was
// probably meant.
func unknownItems(refused []policy.Refusal) []string {
	var words []string
	for _, r := range refused {
		if r.Unknown {
			words = append(words, wordOf(r))
		}
	}
	return named("V SeznamUdaju jsou slova, která nejsou známé položky: %s. Opravte je, nebo je vynechte; slova oddělujte mezerou.", words)
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

// refusedItems names every refused item, with what was probably meant. What the
// matrix gives is in the answer of E227, what grants give is not.
func refusedItems(h *egon.Head, refused []policy.Refusal) []string {
	var matrix, granted, inputs []string
	for _, r := range refused {
		switch register := egon.ItemRegister(r.Word); {
		case r.Input:
			inputs = append(inputs, wordOf(r))
		case register == egon.ROB, register == egon.ROBv2, register == egon.ROS:
			matrix = append(matrix, wordOf(r))
		default:
			granted = append(granted, wordOf(r))
		}
	}
	i := &h.Info
	who := fmt.Sprintf("%s/%s/%s", i.Agenda, i.AgendovaRole, i.Ovm)
	const refusedWords = "Nepovolené položky v SeznamUdaju: %s. "
	popisy := named(refusedWords+"Pro "+who+" je povolený rozsah v odpovědi služby E227.", matrix)
	popisy = append(popisy, named(refusedWords+"Služba E227 je neuvádí, oprávnění k nim dává správce brány.", granted)...)
	return append(popisy, named("K vyhledání podle zadaných údajů chybí oprávnění na položky ROB: %s.", inputs)...)
}

// named puts words into as many sentences as the length of a VysledekPopis
// demands.
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

// notGrantedPopis says which of the four ids, the service or the time the
// missing grant fails on.
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
		return fmt.Sprintf("AgendovaRole %s nemá v agendě %s oprávnění.%s", i.AgendovaRole, i.Agenda, hint)
	case policy.UnknownOvm:
		return fmt.Sprintf("Ovm %s nemá v agendě %s a roli %s oprávnění.%s", i.Ovm, i.Agenda, i.AgendovaRole, hint)
	case policy.UnknownAis:
		return fmt.Sprintf("Ais %s nemá pro %s/%s/%s oprávnění.%s", i.Ais, i.Agenda, i.AgendovaRole, i.Ovm, hint)
	case policy.NotYetValid:
		return "Oprávnění volajícího ještě není platné."
	case policy.Expired:
		return "Platnost oprávnění volajícího skončila."
	default:
		return fmt.Sprintf("Služba %s není pro %s/%s/%s/%s povolena.", h.Service.Code, i.Agenda, i.AgendovaRole, i.Ovm, i.Ais)
	}
}

// overLimit is the refusal of a call for which there is no room.
func overLimit(d *limits.Decision, rule policy.Limits) *Refusal {
	var r *Refusal
	if d.Verdict == limits.OverConcurrency {
		r = refuse(ConcurrencyQuota, fmt.Sprintf("Souběžně smí běžet nejvýše %d volání; opakujte volání po dokončení některého z nich.", rule.Concurrent))
	} else {
		r = refuse(HourlyQuota, fmt.Sprintf("Hodinový limit %d volání je vyčerpán; opakujte volání za %d s.", d.Quota, seconds(d.RetryAfter)))
	}
	r.RetryAfter = d.RetryAfter
	return r
}

// asRefusal says which kind of refusal an error of the pipeline is. A CallError
// comes first: the offence that it may wrap is the upstream's.
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

// fromOffence is the refusal of a message that cannot be served.
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

// fromCall is the refusal after an upstream failed.
func fromCall(c *egon.CallError) *Refusal {
	kind := RegistryFailed
	switch {
	case c.Busy:
		return &Refusal{Kind: Overloaded, Puvodce: c.Party, Cause: c, Popisy: []string{"Na volaný systém čeká příliš mnoho volání, opakujte volání později."}}
	case c.Timeout:
		kind = Deadline
	case c.Party.Kind == egon.Ais:
		kind = AisFailed
	}
	r := &Refusal{Kind: kind, Puvodce: c.Party, Details: c.Detail, Cause: c}
	if len(c.Detail) > 0 && !c.Timeout { // it answered, and says why not: trying again changes nothing
		r.Popisy = []string{"Volaný systém žádost odmítl; důvod je v dalším VysledekDetail."}
	}
	return r
}
