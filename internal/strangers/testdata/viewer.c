/* A viewer made of libvncclient: after each update it writes its whole picture,
 * as it decoded it, to standard output.
 *
 *   viewer PORT BYTES-PER-PIXEL
 */
#include <rfb/rfbclient.h>
#include <stdlib.h>
#include <unistd.h>

static rfbBool allocate(rfbClient *c)
{
	size_t size = (size_t)c->width * c->height * (c->format.bitsPerPixel / 8);
	free(c->frameBuffer);
	c->frameBuffer = calloc(1, size);
	return c->frameBuffer != NULL;
}

static void finished(rfbClient *c)
{
	char *p = (char *)c->frameBuffer;
	size_t left = (size_t)c->width * c->height * (c->format.bitsPerPixel / 8);
	while (left > 0) {
		ssize_t n = write(1, p, left);
		if (n <= 0)
			exit(1);
		p += n;
		left -= n;
	}
}

static void set_format(rfbPixelFormat *f, int bytes)
{
	f->bitsPerPixel = bytes * 8;
	f->bigEndian = FALSE;
	f->trueColour = TRUE;
	switch (bytes) {
	case 1:
		f->depth = 8;
		f->redMax = 7, f->greenMax = 7, f->blueMax = 3;
		f->redShift = 5, f->greenShift = 2, f->blueShift = 0;
		break;
	case 2:
		f->depth = 16;
		f->redMax = 31, f->greenMax = 63, f->blueMax = 31;
		f->redShift = 11, f->greenShift = 5, f->blueShift = 0;
		break;
	default:
		f->depth = 24;
		f->redMax = 255, f->greenMax = 255, f->blueMax = 255;
		f->redShift = 16, f->greenShift = 8, f->blueShift = 0;
	}
}

int main(int argc, char **argv)
{
	rfbClient *c;
	if (argc != 3)
		return 2;
	rfbEnableClientLogging = getenv("VIEWER_LOG") != NULL;
	c = rfbGetClient(8, 3, 4);
	set_format(&c->format, atoi(argv[2]));
	c->MallocFrameBuffer = allocate;
	c->FinishedFrameBufferUpdate = finished;
	c->appData.encodingsString = "tight zrle copyrect raw";
	c->appData.compressLevel = 1;
	c->appData.qualityLevel = 8;
	c->canHandleNewFBSize = FALSE;
	c->serverHost = strdup("127.0.0.1");
	c->serverPort = atoi(argv[1]);
	if (!rfbInitClient(c, NULL, NULL))
		return 1;
	while (WaitForMessage(c, 1000000) >= 0)
		if (!HandleRFBServerMessage(c))
			break;
	return 0;
}
