package gateway

import (
	"fmt"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"brana/egon"
)

// StatusMode selects the HTTP status of refusals.
type StatusMode uint8

// The modes of a listener.
const (
	EgonMode StatusMode = iota // refusals are ordinary replies with status 200, faults have 500
	HTTPMode                   // refusals have the status of their kind
)

// A Kind is one way in which a call can be refused. Its Code is the outcome in the
// log, the label of the metric and the detail of a SOAP Fault.
type Kind struct {
	Code   string
	Number int            // BR_nnn of VysledekPopis
	SubKod string         // VysledekSubKod; empty when the refusal is a SOAP Fault
	Fault  egon.FaultCode // of a SOAP Fault
	Status int            // HTTP status in HTTPMode
	Popis  string         // Czech sentence, unless the place of refusal has a more exact one
	Help   string         // for operators and integrators: the reason, and what to do
}

// The kinds; docs/refusals.md is generated from this table.
var (
	NotGranted = &Kind{"not-granted", 101, "NENI OPRAVNENI EGON", "", 403,
		"Volající nemá ke službě oprávnění.",
		"No valid grant in this environment gives this service to this agenda, role, OVM and " +
			"AIS. Compare the four ids and the service with the grant."}
	CallerMismatch = &Kind{"caller-mismatch", 102, "NENI OPRAVNENI EGON", "", 403,
		"Volající neodpovídá svému certifikátu.",
		"The certificate of the connection is bound to another AIS or to none, is blocked, or " +
			"is not bound to this agenda or address. The log names the certificate; compare it " +
			"with identities of the policy."}
	ItemNotPermitted = &Kind{"item-not-permitted", 111, "NENI OPRAVNENI", "", 403,
		"Některé z požadovaných údajů nejsou povoleny.",
		"An item of SeznamUdaju, or a search input of E198, is in neither the matrix row nor " +
			"the grant. Or SeznamUdaju asks for no item, where it must. E227 lists the items " +
			"of the matrix, those of ROB and ROS; all others are in the grant. A relay with " +
			"items: as-iszr refuses only calls of which no item is left."}
	ParameterNotPermitted = &Kind{"parameter-not-permitted", 112, "NENI OPRAVNENI", "", 403,
		"Volající nesmí použít volitelný parametr.",
		"The grant lacks the parameter media-criteria (DatumOd, DatumDo, Pocet) or hide-log " +
			"(znepristupniLog)."}
	MatrixUnavailable = &Kind{"matrix-unavailable", 113, unavailable, "", 503,
		"Oprávnění na položky nelze nyní ověřit, opakujte volání později.",
		"The row of the matrix that decides about the items could not be fetched by E227 in " +
			"time, and the gateway has none that is young enough. The log says why in cause; " +
			"/readyz?verbose shows the state of the rows."}
	HourlyQuota = &Kind{"hourly-quota", 201, unavailable, "", 429,
		"Hodinový limit volání je vyčerpán.",
		"The declared calls of a rolling hour are used up. Wait as Retry-After says, or declare " +
			"more."}
	ConcurrencyQuota = &Kind{"concurrency-quota", 202, unavailable, "", 429,
		"Je vyčerpán počet souběžných volání.",
		"As many calls run at this moment as were declared. Send fewer at once."}
	LimitsUnavailable = &Kind{"limits-unavailable", 203, unavailable, "", 503,
		"Limity volání nelze nyní ověřit, opakujte volání později.",
		"The limits store (Redis) does not answer. The gateway fails closed and recovers by " +
			"itself."}
	Overloaded = &Kind{"overloaded", 204, unavailable, "", 503,
		"Brána je přetížena, opakujte volání později.",
		"More exchanges run at once than listen.max_exchanges allows. Or too many calls wait " +
			"for the upstream in Puvodce: by its pace the call would go out after its deadline. " +
			"Nothing was sent."}
	Draining = &Kind{"draining", 205, unavailable, "", 503,
		"Brána se ukončuje, opakujte volání.",
		"The gateway is shutting down. Send the call again; it reaches another instance or the " +
			"restarted one."}
	QueueFull = &Kind{"queue-full", 206, unavailable, "", 429,
		"Fronta odpovědí AIS je plná; vyzvedněte odpovědi službou E100 a smažte je službou E101.",
		"The AIS has as many jobs and answers in its queue as queue.entries or queue.bytes " +
			"allow. It must pick up its answers and delete them; they expire after queue.keep."}
	QueueUnavailable = &Kind{"queue-unavailable", 207, unavailable, "", 503,
		"Fronta odpovědí není nyní dostupná, opakujte volání později.",
		"The queue (Redis) does not answer, or is full. The gateway fails closed and recovers " +
			"by itself."}
	IDsUnavailable = &Kind{"ids-unavailable", 208, unavailable, "", 503,
		"Nelze nyní ověřit, zda žádost není duplicitní, opakujte volání později.",
		"The store of recent ids (Redis) does not answer. The gateway fails closed and recovers " +
			"by itself."}
	JobLost = &Kind{"job-lost", 209, unavailable, "", 503,
		"Zpracování žádosti bylo přerušeno, zadejte ji znovu.",
		"The answer of an asynchronous call whose gateway died, or could not reach the queue, " +
			"before the job ended. E100 delivers it; call again."}
	JobFailed = &Kind{"job-failed", 210, unavailable, "", 500,
		"Žádost se nepodařilo zpracovat, zadejte ji znovu.",
		"The answer of an asynchronous call after a defect. The log has the cause under the " +
			"IszrZadostId of the call."}
	LogUnavailable = &Kind{"log-unavailable", 211, unavailable, "", 503,
		"Brána nyní nemůže zaznamenat volání, opakujte volání později.",
		"The log takes no lines: its reader has ended or stalled, or its file system is full. " +
			"The gateway recovers by itself; /readyz?verbose says why. log.when_blocked: drop " +
			"serves calls without their lines."}
	AuditUnavailable = &Kind{"audit-unavailable", 212, unavailable, "", 503,
		"Brána nyní nemůže zapsat záznam o využití údajů, opakujte volání později.",
		"The record of use cannot be written: its disk is full, read-only, too slow or broken. " +
			"Nothing was sent to a registry. The gateway recovers by itself; /readyz?verbose " +
			"says why. audit.when_unavailable: continue serves calls without their records."}
	InvalidData = &Kind{"invalid-data", 301, "NEVALIDNI DATA", "", 400,
		"Údaje žádosti nejsou platné.",
		"A value breaks the contract of the service, or a word of SeznamUdaju is no item; the " +
			"text names the element or the word."}
	ServiceMismatch = &Kind{"service-mismatch", 302, "NEVALIDNI ZADOST", "", 400,
		"Kód služby neodpovídá XML struktuře žádosti.",
		"The code in the path, SOAPAction and the element in the Body must name one service."}
	StaleTime = &Kind{"stale-time", 303, "NEPLATNY CAS", "", 400,
		"CasZadosti je mimo dovolenou odchylku od času brány.",
		"CasZadosti is further from the gateway's clock than requests.time_tolerance. Set the " +
			"clock; a time without a zone is taken in limits.calendar.zone."}
	DuplicateRequest = &Kind{"duplicate-request", 304, "DUPLICITNI ZADOST", "", 409,
		"AgendaZadostId již bylo použito; zadejte žádost s novým.",
		"The AIS has used this AgendaZadostId for an admitted call within " +
			"requests.duplicate_window, or another call with it is being decided at this " +
			"moment. Use a fresh one for each call."}
	SyncOnlyKind = &Kind{"sync-only", 305, "JENOM SYNC", "", 400,
		"Služba je poskytována pouze synchronně, volejte ji bez ?async.",
		"Call the service without ?async."}
	AsyncOnlyKind = &Kind{"async-only", 306, "JENOM ASYNC", "", 400,
		"Služba je poskytována pouze asynchronně, volejte ji s ?async.",
		"Call the service with ?async."}
	NotInQueue = &Kind{"not-in-queue", 307, "NENALEZENO", "", 404,
		"Ve frontě AIS není žádost s tímto IszrZadostId; nebyla zadána, nebo její odpověď " +
			"vypršela či byla smazána.",
		"The queue of the AIS has no such job or answer. E99 lists its answers."}
	RegistryFailed = &Kind{"registry-failed", 401, "CHYBA VOLANI REGISTRU", "", 502,
		"Volání registru selhalo, opakujte volání později.",
		"The registry named in Puvodce did not answer, or its answer broke the contract."}
	AisFailed = &Kind{"ais-failed", 402, "CHYBA VOLANI AIS", "", 502,
		"Volání agendového informačního systému selhalo, opakujte volání později.",
		"The evidence named in Puvodce did not answer, or its answer broke the contract."}
	Deadline = &Kind{"deadline", 403, "PREKROCEN CAS", "", 504,
		"Byl překročen čas pro zpracování.",
		"The call did not end within its deadline; Puvodce names the system that did not answer."}
	MalformedKind = &Kind{"malformed", 501, "", egon.FaultClient, 400,
		"Zpráva není správně vytvořená zpráva SOAP 1.1.",
		"The XML or the envelope is broken, or has a part that the gateway refuses (DOCTYPE, " +
			"entities, processing instructions, a second ZadostInfo). The text says at which " +
			"byte."}
	BadHTTP = &Kind{"bad-http", 502, "", egon.FaultClient, 400,
		"Požadavek HTTP není přijatelný.",
		"Use HTTP/1.1 POST with Content-Type text/xml; charset=utf-8, Content-Length or " +
			"chunked, no Content-Encoding but identity, no attachments. The status is 405 for " +
			"any other method; in http mode it can also be 408, 411, 415, 417, 431 or 505."}
	UnknownService = &Kind{"unknown-service", 503, "", egon.FaultClient, 404,
		"Služba neexistuje nebo není touto bránou poskytována.",
		"Call {prefix}/{code} with a code of the catalogue, in the right case, that has a route."}
	TooLargeKind = &Kind{"too-large", 504, "", egon.FaultClient, 413,
		"Zpráva nebo její část je příliš velká.",
		"A bound of the gateway was exceeded; the text says which."}
	MustUnderstandKind = &Kind{"must-understand", 505, "", egon.FaultMustUnderstand, 400,
		"Blok hlavičky SOAP, který se musí zpracovat, brána nezná.",
		"A block of the SOAP Header has mustUnderstand=\"1\" for a service that brana answers " +
			"itself, and brana knows no such block. Leave the block out, or the attribute. " +
			"Relayed services get the block unchanged."}
	VersionKind = &Kind{"version-mismatch", 506, "", egon.FaultVersion, 400,
		"Obálka není SOAP 1.1.",
		"The Envelope is of another namespace, for instance of SOAP 1.2. Set the client to SOAP " +
			"1.1."}
	Internal = &Kind{"internal", 599, "", egon.FaultServer, 500,
		"Vnitřní chyba brány, opakujte volání později.",
		"A defect. The log has the cause under the IszrZadostId of the reply."}
)

// Kinds lists every kind of refusal in the order of their numbers.
func Kinds() []*Kind {
	return []*Kind{
		NotGranted, CallerMismatch, ItemNotPermitted, ParameterNotPermitted, MatrixUnavailable,
		HourlyQuota, ConcurrencyQuota, LimitsUnavailable, Overloaded, Draining,
		QueueFull, QueueUnavailable, IDsUnavailable, JobLost, JobFailed, LogUnavailable,
		AuditUnavailable,
		InvalidData, ServiceMismatch, StaleTime, DuplicateRequest,
		SyncOnlyKind, AsyncOnlyKind, NotInQueue,
		RegistryFailed, AisFailed, Deadline,
		MalformedKind, BadHTTP, UnknownService, TooLargeKind,
		MustUnderstandKind, VersionKind, Internal,
	}
}

// A Refusal is the answer to a call that is refused. It is an error on its way up
// the pipeline. The caller gets the kind and the sentences, the log also the cause.
type Refusal struct {
	Kind       *Kind
	Popisy     []string      // Czech sentences, one VysledekDetail each; empty: the kind's own
	Puvodce    egon.Party    // the system that failed
	Details    []egon.Detail // of that system
	Status     int           // HTTP status in HTTPMode when it differs from the kind's
	RetryAfter time.Duration // 0: as the kind says
	Hangup     bool          // the framing of the request is in doubt: close without reading on
	Cause      error
}

func (r *Refusal) Error() string {
	if r.Cause == nil {
		return r.Kind.Code
	}
	return r.Kind.Code + ": " + r.Cause.Error()
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// refuse makes a refusal; its sentences say what failed and what to do.
func refuse(k *Kind, popisy ...string) *Refusal { return &Refusal{Kind: k, Popisy: popisy} }

// because adds the cause, for the log alone.
func (r *Refusal) because(err error) *Refusal {
	r.Cause = err
	return r
}

// details are the refusal's VysledekDetail elements: one for each sentence, then
// those of the system that failed.
func (r *Refusal) details() []egon.Detail {
	popisy := r.Popisy
	if len(popisy) == 0 {
		popisy = []string{r.Kind.Popis}
	}
	list := make([]egon.Detail, 0, len(popisy)+len(r.Details))
	for _, p := range popisy {
		list = append(list, egon.Detail{
			SubKod:  r.Kind.SubKod,
			Popis:   r.Kind.numbered(p),
			Puvodce: r.Puvodce,
		})
	}
	return append(list, r.Details...)
}

// text is the faultstring of a SOAP Fault.
func (r *Refusal) text() string {
	if len(r.Popisy) == 0 {
		return r.Kind.numbered(r.Kind.Popis)
	}
	return r.Kind.numbered(strings.Join(r.Popisy, " "))
}

func (k *Kind) numbered(popis string) string { return fmt.Sprintf("BR_%03d: %s", k.Number, popis) }

// broken reports whether a refusal of this kind means that a system on which the
// gateway depends does not work.
func (k *Kind) broken() bool {
	switch k {
	case LimitsUnavailable, MatrixUnavailable, QueueUnavailable, IDsUnavailable, AuditUnavailable,
		RegistryFailed, AisFailed, Deadline:
		return true
	}
	return false
}

// unavailable is the SubKod of a refusal for a reason that passes by itself.
const unavailable = "NENI K DISPOZICI"

// retryAfter is the number of seconds after which the caller should try again; 0
// when trying again is of no use.
func (r *Refusal) retryAfter() int64 {
	if r.RetryAfter <= 0 && r.Kind.SubKod == unavailable {
		return 1
	}
	return seconds(r.RetryAfter)
}

// status is the HTTP status of the answer.
func (r *Refusal) status(m StatusMode) int {
	switch {
	case r.Status == fasthttp.StatusMethodNotAllowed: // no SOAP message came (RFC 9110 §15.5.6)
		return r.Status
	case m == HTTPMode && r.Status != 0:
		return r.Status
	case m == HTTPMode:
		return r.Kind.Status
	case r.Kind.SubKod == "":
		return 500 // SOAP 1.1 §6.2: a Fault travels with 500
	default:
		return 200
	}
}

// badHTTP refuses an HTTP request with a status of its own.
func badHTTP(status int, popis string) *Refusal {
	r := refuse(BadHTTP, popis)
	r.Status = status
	return r
}

// badFraming refuses a request whose end is in doubt: the connection closes.
func badFraming(status int, popis string) *Refusal {
	r := badHTTP(status, popis)
	r.Hangup = true
	return r
}
