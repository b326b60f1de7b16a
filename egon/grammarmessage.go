package egon

import "sync"

// The grammar of internal messages: ZadostInfo and AutorizaceInfo are in the namespace of
// the message, their children in that of RegTypy 1.23.0, and the words of SeznamUdaju are
// split by register.

// robList and the others are the lists of words of reg:AutorizaceType.
var (
	robList = &element{space: NSReg, name: "RobSeznamUdaju", rank: 1, text: plainList,
		declared: typeName{NSReg, "RobSeznamUdajuType"}, register: ROB}
	rosList = &element{space: NSReg, name: "RosSeznamUdaju", rank: 2, text: plainList,
		declared: typeName{NSReg, "RosSeznamUdajuType"}, register: ROS}
	rppLists = []*element{
		rppList("RppSeznamUdajuAgendy", 3), rppList("RppSeznamUdajuPrava", 4),
		rppList("RppSeznamUdajuOvm", 5), rppList("RppSeznamUdajuSpuu", 6),
	}
)

func rppList(name string, rank int8) *element {
	return &element{space: NSReg, name: name, rank: rank, text: plainList,
		declared: typeName{NSReg, name + "Type"}}
}

// aisRank is that of reg:AisSeznamUdajuAbstract, the last of the lists.
const aisRank = 7

// aisList is a list that stands for reg:AisSeznamUdajuAbstract.
func aisList(name step, register Register) *element {
	return &element{space: name.space, name: name.local, rank: aisRank, text: plainList,
		declared: typeName{name.space, name.local + "Type"}, register: register}
}

// messageOperations are the grammars of internal messages, by their namespaces. Messages
// of one namespace, as those of ROB, have equal ones.
var messageOperations = sync.OnceValue(func() map[string]*operation {
	all := map[string]*operation{}
	for _, s := range Messages() {
		all[s.Namespace] = messageOperation(s)
		for _, v := range s.message.members {
			all[v.Namespace] = messageOperation(v)
		}
	}
	return all
})

// messageOperation makes the grammar of an internal message.
func messageOperation(s *Service) *operation {
	info := &element{space: s.Namespace, name: "ZadostInfo", rank: 2, required: true,
		header: true, declared: typeName{NSReg, "ZadostInfoType"}, kids: messageInfoKids}
	o := &operation{element: element{kids: []*element{info}}, last: info, open: true}
	if s.message.kody != nil {
		kod := &element{space: s.Namespace, name: "KodSluzby", rank: 1, required: true,
			text: plain, chooses: true, declared: typeName{NSReg, "NazevSluzbyType"},
			value: func(h *Head) *[]byte { return &h.kodSluzby }}
		o.kids = []*element{kod, info}
	}
	own := s.message.list
	if own == (wordList{}) {
		return o
	}
	o.last = &element{space: s.Namespace, name: "AutorizaceInfo", rank: 3,
		required: !own.optional, declared: typeName{NSReg, "AutorizaceType"}, kids: []*element{
			{space: NSReg, name: "MaximalniPocetZaznamu", rank: 1, text: plain,
				declared: typeName{NSReg, "MaximalniPocetType"},
				value:    func(h *Head) *[]byte { return &h.MaxRecords }},
			{space: NSReg, name: "SeznamUdaju", rank: 2, required: true, kids: listsOf(own),
				extent: func(h *Head) *extent { return &h.lists }},
		}}
	o.kids = append(o.kids, o.last)
	return o
}

// listsOf returns the lists in SeznamUdaju of a message, one of which is the publisher's own:
// its ROB list, or what stands for the list of an AIS.
func listsOf(own wordList) []*element {
	lists := append([]*element{robList, rosList}, rppLists...)
	lists = append(lists, aisList(step{NSReg, "AisSeznamUdaju"}, own.register))
	if own.space != NSReg { // version 2 of the schemas has version 1 of the lists, too
		lists = append(lists, aisList(step{NSEvidence, own.local}, own.register))
	}
	if own.space == NSEvidence2 {
		list := aisList(own.step, own.register)
		list.declared.space = NSEvidence // the type of version 1
		lists = append(lists, list)
	}
	for i, el := range lists {
		if el.name == own.local || own.register != ROB && el.rank == aisRank {
			list := *el
			list.extent = func(h *Head) *extent { return &h.list }
			lists[i] = &list
		}
	}
	return lists
}

// messageInfoKids are the children of reg:ZadostInfoType.
var messageInfoKids = infoKids[:len(infoKids)-1]
