package egon

import "slices"

// MediaBlocks are the parts of a reply of E198 before the evidence's own block (seed
// E198 §11). The byte blocks are elements that declare every namespace they use, as the
// Parse functions of this package return them. An empty one is absent from the reply.
// SeznamIdAdres is always there.
type MediaBlocks struct {
	Map      []PrevodAifo // persons for the caller; without any Global no MapaAifo is written
	Places   []Place      // references to RUIAN, with Stav when RUIAN was asked
	Org      []byte       // or:OrgStatus ([TranslateReply].Org), why a translation is missing
	Verified []byte       // children of ROB's answer to O25 ([VerifyReply].Block)
	Read     []byte       // children of ROB's answer to O08 ([ReadReply].Block)
	Ruian    []byte       // SeznamAdres and SeznamLokalit, v1 or v2 ([PlacesReply].Block)
	Source   *Source      // whose block follows
}

// AppendMediaHead appends a reply of E198 up to the place of the evidence's block
// ([Source].Block, with its namespaces declared). After that block, or none,
// [AppendMediaTail] completes the reply. [AppendReply] writes a reply with the status
// CHYBA.
func AppendMediaHead(dst []byte, enveloped bool, info *OdpovedInfo, b *MediaBlocks) []byte {
	dst = slices.Grow(dst, 4<<10+len(b.Org)+len(b.Verified)+len(b.Read)+len(b.Ruian))
	dst = openReply(dst, ServiceByCode("E198"), enveloped)
	dst = appendOdpovedInfo(dst, "abs:OdpovedInfo", info)
	if b.knowsAnyone() {
		dst = appendMapa(dst, "abs:MapaAifo", "", b.Map)
	}
	dst = appendPlaces(dst, "abs:SeznamIdAdres", "", b.Places)
	if len(b.Org) > 0 {
		dst = append(dst, "<abs:OrgOdpoved><abs:OrgCtiAifoDataResponse>"...)
		dst = append(dst, b.Org...)
		dst = append(dst, "</abs:OrgCtiAifoDataResponse></abs:OrgOdpoved>"...)
	}
	if len(b.Verified) > 0 || len(b.Read) > 0 {
		dst = append(dst, "<e:RobOdpoved>"...)
		dst = appendBlock(dst, "e:RobOverHromadneAifoDataResponse", b.Verified)
		dst = appendBlock(dst, "e:RobCtiPodleUdajuDataResponse", b.Read)
		dst = append(dst, "</e:RobOdpoved>"...)
	}
	if len(b.Ruian) > 0 {
		dst = append(dst, "<e:RuianOdpoved>"...)
		dst = appendBlock(dst, "e:RuianCtiProRobDataResponse", b.Ruian)
		dst = append(dst, "</e:RuianOdpoved>"...)
	}
	dst = open(dst, "e:"+b.Source.Outer)
	return open(dst, "e:"+b.Source.Outer)
}

// AppendMediaTail appends the end of a reply that [AppendMediaHead] began, with the
// same enveloped and evidence.
func AppendMediaTail(dst []byte, enveloped bool, src *Source) []byte {
	dst = shut(dst, "e:"+src.Outer)
	dst = shut(dst, "e:"+src.Outer)
	return closeReply(dst, ServiceByCode("E198"), enveloped)
}

func appendBlock(dst []byte, name string, block []byte) []byte {
	if len(block) == 0 {
		return dst
	}
	dst = open(dst, name)
	dst = append(dst, block...)
	return shut(dst, name)
}

// knowsAnyone reports whether the map has a global AIFO. Without one it does not leave
// the gateway (seed E198 §11.2).
func (b *MediaBlocks) knowsAnyone() bool {
	for i := range b.Map {
		if b.Map[i].Global != "" {
			return true
		}
	}
	return false
}
