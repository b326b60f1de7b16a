package egon

import (
	"strconv"
	"time"

	"brana/egon/xmltext"
)

// A QueueItem is one answer that waits in the queue of an information system
// (PolozkaFrontyType). Number is its IdTransakce, Created the time of the answer.
type QueueItem struct {
	Service          string // code of the called service
	IszrZadostId     string
	Number           uint64
	Created, Expires time.Time
}

// A QueuePage is a part of a queue. With More, Next is the first item after it.
type QueuePage struct {
	Items []QueueItem
	More  bool
	Next  QueueItem
}

// In returns the page with its times in a zone. The page itself must not be used any
// more.
func (p QueuePage) In(zone *time.Location) QueuePage {
	for i := range p.Items {
		p.Items[i] = p.Items[i].in(zone)
	}
	p.Next = p.Next.in(zone)
	return p
}

func (i QueueItem) in(zone *time.Location) QueueItem {
	i.Created, i.Expires = i.Created.In(zone), i.Expires.In(zone)
	return i
}

// A QueueQuery is the question of E99, E100 or E101. Of E100 IDs has one id, of
// E101 at least one, unless All is set. Ids are in lower case.
type QueueQuery struct {
	From  uint64    // E99: IdTransakceOd; 0: absent
	Since time.Time // E99: CasVytvoreniOd; zero: absent
	IDs   []string
	All   bool // E101: SmazatVse
}

// AppendQueuePage appends the reply of E99.
func AppendQueuePage(dst []byte, enveloped bool, info *OdpovedInfo, p *QueuePage) []byte {
	s := ServiceByCode("E99")
	dst = openReply(dst, s, enveloped)
	dst = appendOdpovedInfo(dst, "abs:OdpovedInfo", info)
	dst = append(dst,
		"<e:IszrOdpoved><e:IszrAsyncVypisFrontyDataResponse><e:IszrAplikacniStatus>"...)
	dst = leaf(dst, "e:VypisPokracuje", strconv.FormatBool(p.More))
	if p.More {
		dst = leaf(dst, "e:NasledujiciIdTransakce", strconv.FormatUint(p.Next.Number, 10))
		dst = moment(dst, "e:NasledujiciCasVytvoreni", p.Next.Created)
	}
	dst = append(dst, "</e:IszrAplikacniStatus><e:PolozkyFronty>"...)
	for i := range p.Items {
		item := &p.Items[i]
		dst = append(dst, "<e:PolozkaFronty>"...)
		dst = leaf(dst, "abs:KodAsyncSluzby", item.Service)
		dst = leaf(dst, "abs:IszrZadostId", item.IszrZadostId)
		dst = leaf(dst, "abs:IdTransakce", strconv.FormatUint(item.Number, 10))
		dst = moment(dst, "abs:CasVytvoreni", item.Created)
		dst = moment(dst, "abs:CasExpirace", item.Expires)
		dst = append(dst, "</e:PolozkaFronty>"...)
	}
	dst = append(dst, "</e:PolozkyFronty></e:IszrAsyncVypisFrontyDataResponse></e:IszrOdpoved>"...)
	return closeReply(dst, s, enveloped)
}

// AppendQueueAnswer appends the reply of E100 that delivers an answer. answer is a whole
// bare reply that declares every prefix it uses.
func AppendQueueAnswer(dst []byte, enveloped bool, info *OdpovedInfo, answer []byte) []byte {
	s := ServiceByCode("E100")
	dst = openReply(dst, s, enveloped)
	dst = leaf(dst, "e:KodAsyncSluzby", s.Code)
	dst = appendOdpovedInfo(dst, "e:OdpovedInfo", info)
	dst = append(dst,
		"<e:IszrOdpoved><e:IszrAsyncOdpovedZFrontyDataResponse><e:AsyncDotazDataResponse>"...)
	dst = append(dst, answer...)
	dst = append(dst,
		"</e:AsyncDotazDataResponse></e:IszrAsyncOdpovedZFrontyDataResponse></e:IszrOdpoved>"...)
	return closeReply(dst, s, enveloped)
}

// queueData are the elements with the question inside Zadost, of the namespace of their
// service.
var queueData = map[string]string{
	NSAsyncList:   "IszrAsyncVypisFrontyData",
	NSAsyncAnswer: "IszrAsyncOdpovedZFrontyData",
	NSAsyncDelete: "IszrAsyncSmazatFrontuData",
}

// AppendQueueQuestion appends the Zadost of E99, E100 or E101 with its own
// namespace declaration, for [Request].Inner.
func AppendQueueQuestion(dst []byte, s *Service, q *QueueQuery) []byte {
	data := "z:" + queueData[s.Namespace]
	dst = append(dst, `<z:Zadost xmlns:z="`+s.Namespace+`">`...)
	dst = open(dst, data)
	switch {
	case s.Namespace == NSAsyncList:
		if q.From > 0 {
			dst = leaf(dst, "z:IdTransakceOd", strconv.FormatUint(q.From, 10))
		}
		if !q.Since.IsZero() {
			dst = moment(dst, "z:CasVytvoreniOd", q.Since)
		}
	case s.Namespace == NSAsyncDelete && q.All:
		dst = append(dst, "<z:SmazatVse>true</z:SmazatVse>"...)
	case s.Namespace == NSAsyncDelete:
		dst = append(dst, "<z:IszrZadostIdPolozky>"...)
		dst = appendIDs(dst, q.IDs)
		dst = append(dst, "</z:IszrZadostIdPolozky>"...)
	default:
		dst = appendIDs(dst, q.IDs)
	}
	dst = shut(dst, data)
	return append(dst, "</z:Zadost>"...)
}

func appendIDs(dst []byte, ids []string) []byte {
	for _, id := range ids {
		dst = leaf(dst, "z:IszrZadostId", id)
	}
	return dst
}

// ParseQueueQuery reads the question of E99, E100 or E101 of a message that a [Reader]
// with the same bounds has accepted. A time without a zone is of the zone local. The
// error is an [*Offence]. The tree takes a multiple of the message in memory, so the
// caller bounds its length.
func ParseQueueQuery(
	doc []byte, s *Service, b xmltext.Bounds, local *time.Location,
) (*QueueQuery, error) {
	root, err := xmltext.Parse(doc, b)
	if err != nil {
		return nil, syntaxOffence(err, b)
	}
	if root.Space == NSEnvelope {
		root = root.Child(NSEnvelope, "Body").Child(s.Namespace, s.Request)
	}
	r := queueReader{space: s.Namespace, end: int64(len(doc)), local: local}
	if root == nil || root.Space != s.Namespace || root.Local != s.Request {
		return nil, missingIn.offence(r.end, "", s.Request, "Body")
	}
	r.operation(root)
	for _, zadost := range root.All(s.Namespace, "Zadost") {
		r.form(zadost)
	}
	if r.offence != nil {
		return nil, r.offence
	}
	return &r.query, nil
}

// A queueReader walks the tree of a question and notes its first offence.
type queueReader struct {
	space   string
	end     int64 // of the message: an offence is certain when all of it was read
	local   *time.Location
	query   QueueQuery
	offence *Offence
}

func (r *queueReader) offend(why reason, args ...any) {
	if r.offence == nil {
		r.offence = why.offence(r.end, "", args...)
	}
}

// queueTypes are the types of the elements of the questions that have a name.
var queueTypes = map[string]typeName{
	"IszrAsyncVypisFrontyData": {NSAsyncList, "OmezeniVypisuType"},
	"IdTransakceOd":            {NSAsyncList, "IdTransakceType"},
	"CasVytvoreniOd":           {NSReg, "CasovaZnackaType"},
	"IszrZadostId":             {NSReg, "IszrZadostIdType"},
	"SmazatVse":                {NSSchema, "boolean"},
}

// form checks an element of the question and all inside it by the rules of [Reader] for
// attributes and for values that decide.
func (r *queueReader) form(n *xmltext.Node) {
	declared := queueTypes[n.Local]
	for _, a := range n.Attrs {
		said := somethingElse
		if a.Space == NSXSI {
			said = says(a.Local, []byte(a.Value), declared, func(prefix []byte) ([]byte, bool) {
				uri, bound := n.Namespace(string(prefix))
				return []byte(uri), bound
			})
		}
		switch said {
		case anotherType:
			r.offend(otherType, n.Local, declared.cs(), declared.en())
		case somethingElse:
			r.offend(unknownAttribute, sent(a.Local), n.Local)
		}
	}
	switch leaf := len(n.Children) == 0; {
	case leaf && n.Parted && n.Value() != "":
		r.offend(notPlain, n.Local)
	case !leaf && n.Value() != "":
		r.offend(strayText)
	}
	for _, c := range n.Children {
		r.form(c)
	}
}

// operation reads the part after the header. The head has the header.
func (r *queueReader) operation(n *xmltext.Node) {
	var zadost *xmltext.Node
	for _, c := range n.Children {
		switch {
		case c.Local == "ZadostInfo" || c.Local == "KodAsyncSluzby":
		case c.Local == "Zadost" && c.Space == r.space && zadost == nil:
			zadost = c
		default:
			r.offend(unknownElement, sent(c.Local), n.Local)
		}
	}
	if zadost == nil {
		if r.space != NSAsyncList { // E99 without a question lists everything
			r.offend(missingIn, "Zadost", n.Local)
		}
		return
	}
	name := queueData[r.space]
	kids := r.kids(zadost, name)
	if len(kids) == 0 {
		r.offend(missingIn, name, zadost.Local)
		return
	}
	switch data := kids[0]; r.space {
	case NSAsyncList:
		r.list(data)
	case NSAsyncAnswer:
		r.ids(data, 1)
	default:
		r.delete(data)
	}
}

// kids returns the children of n: only elements of these names, each at most once and in
// this order.
func (r *queueReader) kids(n *xmltext.Node, names ...string) []*xmltext.Node {
	at := 0
	for _, c := range n.Children {
		known := -1
		for i, name := range names {
			if c.Space == r.space && c.Local == name {
				known = i
			}
		}
		switch {
		case known < 0:
			r.offend(unknownElement, sent(c.Local), n.Local)
		case known < at:
			r.offend(outOfOrder, sent(c.Local), n.Local)
		}
		at = known + 1
	}
	return n.Children
}

func (r *queueReader) list(data *xmltext.Node) {
	for _, c := range r.kids(data, "IdTransakceOd", "CasVytvoreniOd") {
		var ok bool
		if c.Local == "IdTransakceOd" {
			var err error
			r.query.From, err = strconv.ParseUint(c.Value(), 10, 64)
			if ok = err == nil; !ok {
				r.offend(badValue, c.Local, "celé číslo od 0", "an unsigned long")
			}
			continue
		}
		if r.query.Since, ok = ParseDateTime(c.Value(), r.local); !ok {
			r.offend(badValue, c.Local, dateTimeType.cs, dateTimeType.en)
		}
	}
}

// ids reads at least one IszrZadostId and at most most of them.
func (r *queueReader) ids(n *xmltext.Node, most int) {
	for i, c := range n.Children {
		switch {
		case c.Space != r.space || c.Local != "IszrZadostId":
			r.offend(unknownElement, sent(c.Local), n.Local)
		case i >= most:
			r.offend(outOfOrder, sent(c.Local), n.Local)
		case !isUUID(c.Value()):
			r.offend(badValue, c.Local, uuidType.cs, uuidType.en)
		}
		r.query.IDs = append(r.query.IDs, lowerUUID(c.Value()))
	}
	if len(n.Children) == 0 {
		r.offend(missingIn, "IszrZadostId", n.Local)
	}
}

func (r *queueReader) delete(data *xmltext.Node) {
	const what = "SmazatVse nebo IszrZadostIdPolozky"
	switch kids := data.Children; {
	case len(kids) == 0:
		r.offend(missingIn, what, data.Local)
	case len(kids) > 1:
		r.offend(outOfOrder, sent(kids[1].Local), data.Local)
	case kids[0].Space == r.space && kids[0].Local == "IszrZadostIdPolozky":
		r.ids(kids[0], len(kids[0].Children))
	case kids[0].Space == r.space && kids[0].Local == "SmazatVse":
		if r.query.All = triOf(kids[0].Value()) == Yes; !r.query.All {
			r.offend(badValue, "SmazatVse", "true, nebo místo něj IszrZadostIdPolozky", "true")
		}
	default:
		r.offend(unknownElement, sent(kids[0].Local), data.Local)
	}
}

// lowerUUID returns a UUID in lower case, so that two spellings of one compare equal.
func lowerUUID(id string) string {
	b := []byte(id)
	for i, c := range b {
		if c >= 'A' && c <= 'F' {
			b[i] = c + ('a' - 'A')
		}
	}
	return string(b)
}
