package egon

// AppendPlaces appends a request of RUIAN (A28, CtiProRob v1): read asks for
// the places, otherwise only whether they exist.
func AppendPlaces(dst []byte, st *Step, read bool, places []Place) []byte {
	nacistData := "false"
	if read {
		nacistData = "true"
	}
	dst = openStep(dst, ActionRuian, NSRuian)
	dst = append(dst, '>')
	dst = st.appendInfo(dst)
	dst = append(dst, "<e:Dotaz>"...)
	dst = appendPlaces(dst, "e:SeznamIdAdres", nacistData, places)
	dst = append(dst, "</e:Dotaz>"...)
	return closeStep(dst, ActionRuian)
}
