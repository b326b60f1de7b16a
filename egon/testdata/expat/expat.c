/* Reads documents from standard input, each after its length in four bytes,
 * lowest first, and answers each in the same frame: '-' and why expat refuses
 * it, or '+' and what expat saw in it:
 *
 *	\2 NAME { \4 NAME \5 VALUE } \6	start tag with its attributes
 *	\3				end tag
 *
 * and text as it stands. Names are expanded, URI and local name joined by \1.
 * No document has these characters, so nothing in it can imitate them.
 * Comments, instructions and the bounds of CDATA sections leave no trace. */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *seen;
static size_t seen_len, seen_cap;

static void add(const char *s, size_t n)
{
	if (seen_cap - seen_len < n) {
		seen_cap = 2 * seen_cap + n;
		if (!(seen = realloc(seen, seen_cap)))
			exit(1);
	}
	memcpy(seen + seen_len, s, n);
	seen_len += n;
}

static void mark(char c, const char *s)
{
	add(&c, 1);
	add(s, strlen(s));
}

static void start(void *u, const XML_Char *name, const XML_Char **atts)
{
	(void)u;
	mark(2, name);
	for (; *atts; atts += 2) {
		mark(4, atts[0]);
		mark(5, atts[1]);
	}
	mark(6, "");
}

static void end(void *u, const XML_Char *name)
{
	(void)u, (void)name;
	mark(3, "");
}

static void text(void *u, const XML_Char *s, int n)
{
	(void)u;
	add(s, (size_t)n);
}

int main(void)
{
	unsigned char head[4];
	char *doc = NULL;
	size_t i;
	XML_Parser parser = XML_ParserCreateNS(NULL, 1);

	if (!parser)
		return 1;
	while (fread(head, 1, 4, stdin) == 4) {
		size_t n = head[0] | head[1] << 8 | head[2] << 16 | (size_t)head[3] << 24;

		if (!(doc = realloc(doc, n + 1)) || fread(doc, 1, n, stdin) != n)
			return 1;
		XML_ParserReset(parser, NULL);
		XML_SetElementHandler(parser, start, end);
		XML_SetCharacterDataHandler(parser, text);
		seen_len = 0;
		add("+", 1);
		if (XML_Parse(parser, doc, (int)n, 1) != XML_STATUS_OK) {
			seen_len = 0;
			mark('-', XML_ErrorString(XML_GetErrorCode(parser)));
		}
		for (i = 0; i < 4; i++)
			head[i] = (unsigned char)(seen_len >> 8 * i);
		if (fwrite(head, 1, 4, stdout) != 4 || fwrite(seen, 1, seen_len, stdout) != seen_len || fflush(stdout))
			return 1;
	}
	return 0;
}
