addCopying(document.getElementById("answer"));
