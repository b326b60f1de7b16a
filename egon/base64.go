package egon

// base64Class gives each digit of base64 its value, and other bytes a class.
const (
	notDigit = 0x80
	padding  = 0x81
	gap      = 0x82
)

var base64Class = func() (class [256]byte) {
	for i := range class {
		class[i] = notDigit
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(alphabet) {
		class[alphabet[i]] = byte(i)
	}
	class['='] = padding
	for _, c := range []byte(" \t\r\n") {
		class[c] = gap
	}
	return class
}()

// base64Bytes returns the number of bytes that the base64 in v encodes, or -1 if v is
// no base64 (XML Schema, base64Binary, with white space anywhere). It decodes nothing.
func base64Bytes(v []byte) int {
	n, last := 0, byte(0) // digits so far, and the last of them
	i := 0
	for i < len(v) {
		for ; len(v)-i >= 8; i += 8 {
			w := v[i : i+8 : i+8]
			c := &base64Class
			if (c[w[0]]|c[w[1]]|c[w[2]]|c[w[3]]|c[w[4]]|c[w[5]]|c[w[6]]|c[w[7]])&notDigit != 0 {
				break
			}
			n, last = n+8, c[w[7]]
		}
		if i == len(v) {
			break
		}
		switch c := base64Class[v[i]]; c {
		case notDigit:
			return -1
		case padding:
			return padded(v[i:], n, last)
		case gap:
		default:
			n, last = n+1, c
		}
		i++
	}
	if n%4 != 0 {
		return -1
	}
	return n / 4 * 3
}

// padded is base64Bytes from the first '=' on, after n digits. The unused bits of the
// last digit must be zero.
func padded(v []byte, n int, last byte) int {
	pads := 0
	for _, c := range v {
		switch base64Class[c] {
		case padding:
			pads++
		case gap:
		default:
			return -1
		}
	}
	switch {
	case pads == 1 && n%4 == 3 && last&3 == 0:
		return n/4*3 + 2
	case pads == 2 && n%4 == 2 && last&15 == 0:
		return n/4*3 + 1
	}
	return -1
}
