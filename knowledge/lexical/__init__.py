"""Finding chunks by their words: BM25 over stemmed English and pairs of Chinese characters."""
