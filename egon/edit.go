package egon

// An Edit replaces the bytes [At, End) of a message by Text. With At == End it inserts
// Text, and without Text it removes the bytes. Offsets are of the message as it arrived.
type Edit struct {
	At, End int64
	Text    []byte
}
