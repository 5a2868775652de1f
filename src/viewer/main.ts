document.title = 'HTTP/2 recording'
