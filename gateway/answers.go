package gateway

import (
	"bytes"
	"io"

	"brana/egon"
)

// contentType is that of all answers that the gateway writes.
const contentType = "text/xml; charset=utf-8"

// answered is an answer that the gateway made itself.
func answered(body []byte, kod string) *egon.Answer {
	return &egon.Answer{
		HTTPStatus:  200,
		ContentType: contentType,
		Length:      int64(len(body)),
		Kod:         kod,
		Body:        io.NopCloser(bytes.NewReader(body)),
	}
}
