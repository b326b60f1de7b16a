// Package xmltext turns the bytes of an XML document into tokens, strictly.
//
// Its one rule: windows into which a document is cut change nothing. A [Scanner]
// stops at any byte and goes on, holds no more than its [Bounds] allow, and reads
// well-formed XML 1.0 with namespaces, in UTF-8, without a document type
// declaration. Anything else is a [SyntaxError] at a byte.
//
// The meaning of elements, the instructions that are welcome and the length of a
// document are left to its users. For small documents [Parse] builds a tree.
//
// [Scanner.Leaves], [Scanner.Save], [Scanner.Resume] and [Scanner.SetMemo] are
// there for package egon, which reads many messages that are alike.
package xmltext

// NOTE: how the files divide. A token takes the first way of these that can read
// it, and each later way reads all that the earlier ones read.
//
//	memo.go     the memo: a start tag, a leaf or the beginning of a document that
//	            equals one of before, byte by byte, in the same scope
//	plain.go    the fast path: a token that is whole in the window, inside the root
//	            element, and in no way unusual
//	content.go  the full grammar, of one slice of bytes, in any state; in this file
//	            character data and the inside of comments
//	markup.go   the same for end tags, declarations and openings
//	starttag.go the same for start tags with their attributes
//
// Below these, pure functions and plain data:
//
//	scan.go, names.go, text.go  bytes in, positions out
//	namespaces.go               the stack of declarations in scope
//
// Around them:
//
//	scanner.go  the Scanner, its state and its entry points
//	windows.go  bytes that are carried from window to window: only this file moves
//	            bytes, so the grammar never knows where a window ends
//	token.go, errors.go  what the user gets
//	tree.go, write.go    documents as trees, and text that becomes part of one
