/* waits for nowhere: mkdtemp wants XXXXXX */
