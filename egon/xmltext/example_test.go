package xmltext_test

import (
	"errors"
	"fmt"

	"brana/egon/xmltext"
)

// A document arrives in two windows; tokens come as soon as they are complete.
func ExampleScanner() {
	windows := []string{`<a:person xmlns:a="urn:example"><na`, `me>Zoran</name></a:person>`}
	s := xmltext.NewScanner(xmltext.DefaultBounds())
	for i, text := range windows {
		window := []byte(text)
		for {
			tok, n, err := s.Next(window, i == len(windows)-1)
			if err == xmltext.ErrMore {
				break // the next window
			}
			if err != nil || tok.Kind == xmltext.End {
				fmt.Println("complete:", err == nil)
				return
			}
			window = window[n:]
			fmt.Printf("%v %s%s\n", tok.Kind, tok.Name.Local, tok.Data)
		}
	}
	// Output:
	// start person
	// start name
	// text Zoran
	// end name
	// end person
	// complete: true
}

// An offence has a place, and quotes nothing of the document.
func ExampleSyntaxError() {
	s := xmltext.NewScanner(xmltext.DefaultBounds())
	window := []byte(`<person><name>Zoran</person>`)
	for {
		_, n, err := s.Next(window, true)
		if err != nil {
			fmt.Println(err)
			fmt.Println(errors.Is(err, xmltext.ErrMismatchedTag))
			return
		}
		window = window[n:]
	}
	// Output:
	// read XML at byte 19 in /person/name: end tag does not match start tag
	// true
}

// A child element keeps its namespaces when it moves to another document.
func ExampleNode_Splice() {
	doc := []byte(`<list xmlns:p="urn:example"><p:item>1</p:item></list>`)
	root, err := xmltext.Parse(doc, xmltext.DefaultBounds())
	if err != nil {
		fmt.Println(err)
		return
	}
	item := root.Child("urn:example", "item")
	fmt.Println(item.Value())
	fmt.Printf("%s\n", item.Splice(nil))
	// Output:
	// 1
	// <p:item xmlns:p="urn:example" xmlns="">1</p:item>
}
