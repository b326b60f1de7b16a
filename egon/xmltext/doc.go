// Package xmltext turns the bytes of an XML document into tokens, strictly.
//
// Its one rule: how a document is cut into windows changes nothing. A [Scanner]
// stops at any byte and goes on, holds no more than its [Bounds] allow, and
// reads what is well-formed XML 1.0 with namespaces, in UTF-8, without a
// document type declaration. All else is a [SyntaxError] at a byte.
//
// What elements mean, which instructions are welcome, and how long a document
// may be, it leaves to others. For small documents [Parse] builds a tree.
package xmltext
