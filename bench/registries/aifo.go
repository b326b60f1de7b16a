package registries

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// aifoGroup is the byte behind the 128 bits of an AIFO. Its meaning is not public;
// here it is constant.
const aifoGroup = 0x01

// AIFO returns the identifier of a person in an agenda: 17 bytes in base64
// (AifoType). It is the person's ID encrypted under a key of the agenda. So an
// identifier of one agenda reveals none of another, and ORG translates them
// without a table.
func AIFO(agenda string, person int) string {
	raw := make([]byte, aes.BlockSize+1)
	binary.BigEndian.PutUint64(raw[8:], uint64(person))
	agendaKey(agenda).Encrypt(raw, raw)
	raw[aes.BlockSize] = aifoGroup
	return base64.StdEncoding.EncodeToString(raw)
}

// personOf undoes [AIFO]. It reports false for an identifier that AIFO never made
// for this agenda.
func personOf(agenda, aifo string) (person int, ok bool) {
	raw, err := base64.StdEncoding.Strict().DecodeString(aifo)
	if err != nil || len(aifo) != 24 || len(raw) != aes.BlockSize+1 ||
		raw[aes.BlockSize] != aifoGroup {
		return 0, false
	}
	agendaKey(agenda).Decrypt(raw, raw)
	high, low := binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:])
	return int(low), high == 0 && low < 1<<31
}

func agendaKey(agenda string) cipher.Block {
	key := sha256.Sum256([]byte("AIFO " + agenda))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("a key of 32 bytes was refused: " + err.Error())
	}
	return block
}
