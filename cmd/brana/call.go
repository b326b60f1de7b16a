package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"brana/cmd/brana/config"
	"brana/egon"
)

// defaultAdmin is the address of the admin listener of dev and serve by default.
const defaultAdmin = "127.0.0.1:8081"

// defaultURL is the URL of the services of dev and serve by default.
const defaultURL = "http://127.0.0.1:8080/publikace"

type callCmd struct {
	Service string        `arg:"" help:"Code of the service, as E198."`
	URL     string        `default:"${url}" help:"URL of the services, without the code."`
	Timeout time.Duration `default:"60s" help:"Longest wait for the answer."`

	Agenda  string `default:"X999" help:"Agenda of the caller." group:"caller"`
	Role    string `default:"XR1" help:"AgendovaRole of the caller." group:"caller"`
	Ovm     string `default:"12345678" help:"Ovm of the caller." group:"caller"`
	Ais     string `default:"999001" help:"Ais of the caller." group:"caller"`
	Subject string `default:"brana call" help:"Subjekt." group:"caller"`
	User    string `default:"brana" help:"Uzivatel." group:"caller"`
	Reason  string `default:"test" help:"DuvodUcel." group:"caller"`

	Items   *string `help:"SeznamUdaju, words separated by blanks; \"\" is an empty list, without the flag there is none." group:"question"`
	Triple  string  `placeholder:"AGENDA/ROLE/OVM" help:"E227: whose items." group:"question"`
	Inner   string  `type:"existingfile" help:"File with the element Zadost of any service." group:"question"`
	Message string  `type:"existingfile" help:"File with the whole message, sent unchanged." group:"question"`
	queryFlags
	queueFlags

	Cert string `type:"existingfile" placeholder:"FILE" help:"Certificate to call with, PEM." group:"TLS"`
	Key  string `type:"existingfile" placeholder:"FILE" help:"Its private key, PEM; needed unless it is in the same file." group:"TLS"`
	CA   string `name:"ca" type:"existingfile" placeholder:"FILE" help:"CAs to trust instead of the system's, PEM." group:"TLS"`

	Async bool   `help:"Call with ?async."`
	Bare  bool   `help:"Send the payload without a SOAP Envelope."`
	Print bool   `help:"Print the message, as for explain and lint, and do not send it."`
	Raw   bool   `help:"Print the reply unchanged."`
	Save  string `type:"path" placeholder:"DIR" help:"Write the decrypted portraits and signatures there."`
}

// Run builds a call, sends it and prints the answer. It ends with 1 when the
// answer is CHYBA or a SOAP Fault.
func (c *callCmd) Run(io stdio) error {
	service, err := c.service()
	if err != nil {
		return exit(exitUsage, err)
	}
	key, err := c.key(service)
	if err != nil {
		return err
	}
	message, err := c.message(service, key)
	if err != nil {
		return exit(exitUsage, err)
	}
	if c.Print {
		_, err = io.out.Write(append(message, '\n'))
		return err
	}
	client, err := c.client()
	if err != nil {
		return exit(exitUsage, err)
	}
	defer client.CloseIdleConnections()
	reply, err := c.send(client, service, message)
	if err != nil {
		return exit(exitUnreachable, err)
	}
	if c.Raw {
		_, err = io.out.Write(append(reply.body, '\n'))
		return errors.Join(err, reply.refused())
	}
	p := printer{out: io.out, async: c.Async, save: c.Save, key: key}
	return errors.Join(p.print(reply), reply.refused())
}

// service is the service called. It checks the address too.
func (c *callCmd) service() (*egon.Service, error) {
	if !strings.HasPrefix(c.URL, "http://") && !strings.HasPrefix(c.URL, "https://") {
		return nil, fmt.Errorf("--url %s: write it as %s", c.URL, defaultURL)
	}
	if s := egon.ServiceByCode(c.Service); s != nil {
		return s, nil
	}
	if near := egon.ServiceByCode(strings.ToUpper(c.Service)); near != nil {
		return nil, fmt.Errorf("%s: no service of the catalogue has this code, did you mean %s?",
			c.Service, near.Code)
	}
	return nil, fmt.Errorf("%s: no service of the catalogue has this code", c.Service)
}

// key makes the key pair to which the evidence encrypts. It is nil when the
// question needs none, or brings its own.
func (c *callCmd) key(s *egon.Service) (*rsa.PrivateKey, error) {
	if s.Code != "E198" || c.Message != "" || c.Inner != "" {
		return nil, nil
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

// message is the whole message.
func (c *callCmd) message(s *egon.Service, key *rsa.PrivateKey) ([]byte, error) {
	if c.Message != "" {
		return os.ReadFile(c.Message)
	}
	inner, err := c.question(s, key)
	if err != nil {
		return nil, err
	}
	info := &egon.ZadostInfo{
		CasZadosti:     []byte(time.Now().Format(time.RFC3339Nano)),
		Agenda:         []byte(c.Agenda),
		AgendovaRole:   []byte(c.Role),
		Ovm:            []byte(c.Ovm),
		Ais:            optionalBytes(c.Ais),
		Subjekt:        optionalBytes(c.Subject),
		Uzivatel:       optionalBytes(c.User),
		DuvodUcel:      optionalBytes(c.Reason),
		AgendaZadostId: []byte(uuid.NewString()),
	}
	if s.Internal() {
		info.IszrZadostId = []byte(uuid.NewString()) // the bus numbers its messages
	}
	return egon.AppendRequest(nil, &egon.Request{
		Service:   s,
		Enveloped: !c.Bare,
		Info:      info,
		Items:     c.items(),
		Inner:     inner,
	}), nil
}

func (c *callCmd) items() []string {
	if c.Items == nil {
		return nil
	}
	return strings.Fields(*c.Items)
}

// question is the element Zadost.
func (c *callCmd) question(s *egon.Service, key *rsa.PrivateKey) ([]byte, error) {
	switch {
	case c.Inner != "":
		return os.ReadFile(c.Inner)
	case s.Code == "E198":
		query, err := c.media()
		if err != nil {
			return nil, err
		}
		spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		query.Klic = []byte(base64.StdEncoding.EncodeToString(spki))
		return egon.AppendMediaQuestion(nil, query), err
	case s.Code == "E227":
		parts := strings.Split(c.Triple, "/")
		if len(parts) != 3 {
			return nil, errors.New("E227 needs --triple AGENDA/ROLE/OVM")
		}
		return egon.AppendRightsQuestion(nil, &egon.RightsQuery{
			Agenda:       []byte(parts[0]),
			AgendovaRole: []byte(parts[1]),
			Ovm:          []byte(parts[2]),
		}), nil
	case isQueue(s):
		return c.queueFlags.question(s)
	case s.Code == "E05" || s.Code == "E278":
		return c.search(s)
	case asksAiseo(s):
		return c.aiseo(s)
	default:
		return nil, fmt.Errorf("%s needs its question: --inner FILE with the element Zadost, or "+
			"--message FILE with the whole message", s.Code)
	}
}

// client makes the HTTP client, with the certificates of the flags.
func (c *callCmd) client() (*http.Client, error) {
	t := config.ClientTLS{CA: c.CA, Cert: c.Cert, Key: cmp.Or(c.Key, c.Cert)}
	if t != (config.ClientTLS{}) && !strings.HasPrefix(c.URL, "https://") {
		return nil, fmt.Errorf(
			"--cert, --key and --ca are of no use with %s; write --url https://…", c.URL,
		)
	}
	if c.Key != "" && c.Cert == "" {
		return nil, errors.New("--key needs --cert")
	}
	cfg, err := clientTLS(t)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = cfg
	return &http.Client{Transport: transport, Timeout: c.Timeout}, nil
}

func (c *callCmd) send(client *http.Client, s *egon.Service, message []byte) (*callReply, error) {
	url := strings.TrimSuffix(c.URL, "/") + "/" + s.Code
	if c.Async {
		url += "?async"
	}
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "text/xml; charset=utf-8")
	request.Header.Set("SOAPAction", `"`+s.Action+`"`)
	start := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("call: %w%s", err, c.advice(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the reply: %w", err)
	}
	return &callReply{
		status: response.StatusCode,
		body:   body,
		header: response.Header,
		took:   time.Since(start),
	}, nil
}

// advice says what to do about a call that nobody answered; empty if that is
// unknown.
func (c *callCmd) advice(err error) string {
	var (
		untrusted x509.UnknownAuthorityError
		alert     *net.OpError
	)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "; is the gateway running? start one with: brana dev"
	case errors.As(err, &untrusted):
		return "; name the CA of the gateway with --ca FILE"
	case errors.As(err, &alert) && alert.Op == "remote error" && c.Cert == "":
		return "; call with a certificate: --cert FILE --key FILE"
	}
	return ""
}
