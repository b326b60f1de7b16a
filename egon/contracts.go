package egon

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"brana/egon/xmltext"
)

// SchemaFolder is the folder of the schemas of [Contracts], relative to the URL of a
// service: /publikace/E198 has its own at /publikace/wsdl/egon/xsd/….
const SchemaFolder = "wsdl"

// Contracts are the official descriptions of services: the WSDL of each, and the
// schemas to which these refer. They are held whole and never change.
type Contracts struct {
	wsdls   map[*Service]contract
	schemas map[string][]byte // by path, escaped as in a URL
	foreign int
}

// A contract is a WSDL, cut at the places of the service's address.
type contract struct {
	file  string
	parts []string
}

// ReadContracts reads every *.wsdl of a folder and of those in it, and all schemas to
// which they refer by relative locations. A WSDL belongs to the service whose operation
// is the soapAction of its soap:operation, whatever the name of the file. WSDLs of no
// service of the catalogue are counted and left out. The error names all files that are
// missing, outside the folder or no XML in UTF-8.
func ReadContracts(folder fs.FS) (*Contracts, error) {
	r := contractReader{folder: folder, left: mostContractBytes, listed: map[string]bool{},
		contracts: Contracts{wsdls: map[*Service]contract{}, schemas: map[string][]byte{}}}
	files, err := wsdlFiles(folder)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := r.wsdl(file); err != nil {
			r.errs = append(r.errs, err)
		}
	}
	for len(r.wanted) > 0 {
		next := r.wanted[0]
		r.wanted = r.wanted[1:]
		if err := r.schema(next.file); err != nil {
			r.errs = append(r.errs, fmt.Errorf("%w (%s refers to it)", err, next.by))
		}
	}
	if len(r.errs) == 0 && len(r.contracts.wsdls) == 0 {
		return nil, errors.New("no file *.wsdl in it is of a service of the catalogue; " +
			"name the folder that holds the official WSDLs and schemas")
	}
	return &r.contracts, errors.Join(r.errs...)
}

// Counts returns the number of services with a WSDL, of schemas, and of WSDLs of no
// service of the catalogue.
func (c *Contracts) Counts() (services, schemas, foreign int) {
	return len(c.wsdls), len(c.schemas), c.foreign
}

// AppendWSDL appends the WSDL of a service with its address in every soap:address, or
// nothing when there is none.
func (c *Contracts) AppendWSDL(dst []byte, s *Service, address string) []byte {
	for i, part := range c.wsdls[s].parts {
		if i > 0 {
			dst = xmltext.AppendAttr(dst, address)
		}
		dst = append(dst, part...)
	}
	return dst
}

// Schema returns the unchanged bytes of the file with a path below [SchemaFolder], or
// nil. The path is compared as it stands in the URL. The result is shared and must not
// be changed.
func (c *Contracts) Schema(path string) []byte { return c.schemas[path] }

// Bounds of the files. An official set has 1 400 files with 8 MB; the largest has
// 400 kB.
const (
	mostContractBytes = 64 << 20
	mostContractFile  = 4 << 20
	mostEntries       = 50_000 // of the folder and those in it
)

// wsdlFiles lists the files *.wsdl, in order of their paths.
func wsdlFiles(folder fs.FS) (files []string, err error) {
	entries := 0
	err = fs.WalkDir(folder, ".", func(file string, d fs.DirEntry, err error) error {
		if entries++; err == nil && entries > mostEntries {
			return fmt.Errorf("it has more than %d files; "+
				"name the folder that holds the official WSDLs and schemas", mostEntries)
		}
		if err == nil && !d.IsDir() && strings.EqualFold(path.Ext(file), ".wsdl") {
			files = append(files, file)
		}
		return err
	})
	return files, err
}

// A contractReader reads a set of files that refer to each other.
type contractReader struct {
	folder    fs.FS
	left      int64 // bytes that may be read
	listed    map[string]bool
	wanted    []wanted
	contracts Contracts
	errs      []error
}

type wanted struct{ file, by string }

// wsdl reads a WSDL and cuts it at its addresses. Its references become those of the
// place where the schemas are served.
func (r *contractReader) wsdl(file string) error {
	doc, err := r.read(file)
	if err != nil {
		return err
	}
	found, err := scanContract(file, doc)
	if err != nil {
		return err
	}
	service := serviceByAction(found.action)
	if service == nil {
		r.contracts.foreign++
		return nil
	}
	if other, twice := r.contracts.wsdls[service]; twice {
		return fmt.Errorf("%s and %s are both of %s (soapAction %q); remove one", other.file, file,
			service.Code, found.action)
	}
	w, from, part := contract{file: file}, 0, strings.Builder{}
	for _, a := range found.links {
		part.Write(doc[from:a.from])
		from = a.to
		if a.address {
			w.parts = append(w.parts, part.String())
			part.Reset()
			continue
		}
		target, err := r.follow(file, a.value)
		switch {
		case err != nil:
			return err
		case target == "": // a URL of its own stays as it is
			part.Write(doc[a.from:a.to])
		default:
			part.Write(xmltext.AppendAttr(nil, SchemaFolder+"/"+escaped(target)))
		}
	}
	part.Write(doc[from:])
	if w.parts = append(w.parts, part.String()); len(w.parts) == 1 {
		return fmt.Errorf("%s: there is no soap:address in it", file)
	}
	r.contracts.wsdls[service] = w
	return nil
}

// schema reads a schema to which a WSDL or another schema refers. It stays as it is:
// its own references lead to its neighbours, here as in the folder.
func (r *contractReader) schema(file string) error {
	doc, err := r.read(file)
	if err != nil {
		return err
	}
	found, err := scanContract(file, doc)
	if err != nil {
		return err
	}
	r.contracts.schemas[escaped(file)] = doc
	for _, a := range found.links {
		if a.address {
			continue
		}
		if _, err := r.follow(file, a.value); err != nil {
			return err
		}
	}
	return nil
}

// follow returns the file to which a location in another one leads, and adds it to the
// files to read. It returns "" when the location is a URL of its own.
func (r *contractReader) follow(file, location string) (target string, err error) {
	u, err := url.Parse(location)
	switch {
	case err == nil && (u.IsAbs() || u.Host != ""):
		return "", nil
	case err != nil || u.Path == "" || u.RawQuery != "" || path.IsAbs(u.Path):
		return "",
			fmt.Errorf("%s: the location %q is neither a path relative to the file nor a URL", file,
				location)
	}
	target = path.Join(path.Dir(file), u.Path)
	if !fs.ValidPath(target) {
		return "", fmt.Errorf("%s: the location %q leads out of the folder", file, location)
	}
	if !r.listed[target] {
		r.listed[target] = true
		r.wanted = append(r.wanted, wanted{target, file})
	}
	return target, nil
}

func escaped(file string) string { return (&url.URL{Path: file}).EscapedPath() }

// read reads a regular file within the bounds.
func (r *contractReader) read(file string) ([]byte, error) {
	var named *fs.PathError
	info, err := fs.Stat(r.folder, file)
	switch {
	case errors.As(err, &named): // os.Root writes "statat" before the name
		return nil, fmt.Errorf("%s: %w", file, named.Err)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", file)
	case info.Size() > mostContractFile:
		return nil, fmt.Errorf("%s has %d bytes, more than %d", file, info.Size(), mostContractFile)
	}
	if r.left -= info.Size(); r.left < 0 {
		return nil, fmt.Errorf("%s: all files together have more than %d bytes", file,
			mostContractBytes)
	}
	return fs.ReadFile(r.folder, file)
}

// serviceByAction returns the service of an operation, or nil.
func serviceByAction(action string) *Service {
	all := Services()
	if i := slices.IndexFunc(all, func(s *Service) bool { return s.Action == action }); i >= 0 {
		return all[i]
	}
	return nil
}
