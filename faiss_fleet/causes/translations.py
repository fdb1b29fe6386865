# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the C library, the shell, make, the compiler and yum print in other languages, as table.py knows it."""

# (in English, the same in others): lower case. They are sought in this order, so what is a part of another comes later.
TRANSLATED = (
    ("no such file or directory", (
        "datei oder verzeichnis nicht gefunden", "aucun fichier ou dossier de ce type",
        "aucun fichier ou répertoire de ce type", "no existe el fichero o el directorio",
        "no existe el archivo o el directorio", "file o directory non esistente",
        "arquivo ou diretório não encontrado", "ficheiro ou pasta inexistente", "нет такого файла или каталога",
        "没有那个文件或目录", "沒有此一檔案或目錄", "そのようなファイルやディレクトリはありません",
        "그런 파일이나 디렉터리가 없습니다", "nie ma takiego pliku ani katalogu")),
    ("permission denied", (
        "keine berechtigung", "permission non accordée", "permiso denegado", "permesso negato",
        "permissão negada", "отказано в доступе", "权限不够", "拒绝访问", "許可がありません", "허가 거부",
        "brak dostępu")),
    ("operation not permitted", (
        "die operation ist nicht erlaubt", "vorgang nicht zulässig", "opération non permise",
        "operación no permitida", "operazione non permessa", "операция не позволена", "不允许的操作",
        "許可されていない操作です")),
    ("no space left on device", (
        "não há espaço disponível no dispositivo", "на устройстве не осталось свободного места",
        "设备上没有空间", "デバイスに空き領域がありません", "장치에 남은 공간이 없음",
        "brak miejsca na urządzeniu")),
    ("read-only file system", (
        "das dateisystem ist nur lesbar", "système de fichiers accessible en lecture seulement",
        "sistema de ficheros de sólo lectura", "sistema de archivos de solo lectura",
        "file system in sola lettura", "файловая система доступна только для чтения", "只读文件系统",
        "読み込み専用ファイルシステムです")),
    ("exec format error", (
        "fehler im format der programmdatei", "erreur de format pour exec()", "formato de ejecutable incorrecto",
        "errore di formato del file eseguibile", "ошибка формата выполняемого файла", "可执行文件格式错误",
        "実行形式エラー")),
    ("cannot allocate memory", (
        "nicht genügend hauptspeicher verfügbar", "ne peut allouer de la mémoire",
        "impossible d'allouer de la mémoire", "no se pudo asignar memoria", "impossibile allocare memoria",
        "невозможно выделить память", "не удалось выделить память", "无法分配内存", "メモリを確保できません")),
    ("connection refused", (
        "verbindungsaufbau abgelehnt", "connexion refusée", "conexión rehusada", "connessione rifiutata",
        "в соединении отказано", "拒绝连接", "连接被拒绝", "接続を拒否されました")),
    ("connection timed out", (
        "die wartezeit für die verbindung ist abgelaufen", "connexion terminée par expiration du délai d'attente",
        "expiró el tiempo de conexión", "время ожидания соединения истекло", "连接超时",
        "接続がタイムアウトしました")),
    ("name or service not known", (
        "der name oder der dienst ist nicht bekannt", "nom ou service inconnu", "nombre o servicio desconocido",
        "имя или служба не известны", "未知的名称或服务", "名前またはサービスが不明です")),
    ("temporary failure in name resolution", (
        "temporärer fehler bei der namensauflösung", "échec temporaire dans la résolution du nom",
        "fallo temporal en la resolución del nombre", "временный сбой в разрешении имен", "域名解析暂时失败")),
    ("cannot open shared object file", (
        "kann die shared-object-datei nicht öffnen", "kann shared-object-datei nicht öffnen",
        "ne peut ouvrir le fichier d'objet partagé", "impossible d'ouvrir le fichier d'objet partagé",
        "no se puede abrir el archivo del objeto compartido",
        "no se puede abrir el fichero del objeto compartido", "impossibile aprire il file oggetto condiviso",
        "não é possível abrir arquivo de objeto compartilhado", "невозможно открыть разделяемый объектный файл",
        "не удаётся открыть общий объектный файл", "无法打开共享对象文件", "无法打开共享目标文件",
        "無法開啟共用物件檔", "共有オブジェクトファイルを開けません",
        "nie można otworzyć pliku obiektu dzielonego")),
    ("no match for argument", (
        "aucune correspondance pour le paramètre", "aucune correspondance pour l'argument",
        "keine übereinstimmung für argumente", "keine übereinstimmung für argument", "keine treffer für argument",
        "no hay coincidencias para el argumento", "no se encontró ninguna coincidencia para el argumento",
        "nenhuma correspondência para o argumento", "nessuna corrispondenza per l'argomento",
        "нет соответствия аргументу", "совпадений с аргументом не найдено", "未找到匹配的参数", "没有匹配的参数",
        "一致した引数がありません")),
    ("unable to locate package", (
        "impossible de trouver le paquet", "no se ha podido localizar el paquete", "no se pudo localizar el paquete",
        "impossível encontrar o pacote", "não foi possível encontrar o pacote", "impossibile trovare il pacchetto",
        "не удалось найти пакет", "无法定位软件包", "找不到軟體包", "nie udało się odnaleźć pakietu")),
    ("could not get lock ", (
        "impossible d'obtenir le verrou ", "no se pudo obtener un bloqueo ", "no se pudo bloquear ",
        "não foi possível obter trava ", "impossibile acquisire il blocco ", "не удалось получить доступ к файлу блокировки ",
        "无法获得锁 ")),
    ("unmet dependencies", (
        "dépendances non satisfaites", "dépendances manquantes", "unerfüllte abhängigkeiten",
        "nicht erfüllte abhängigkeiten", "dependencias incumplidas", "dependencias no satisfechas",
        "dependências não satisfeitas", "dependências desencontradas", "dipendenze non soddisfatte",
        "неудовлетворённые зависимости", "неудовлетворенные зависимости", "未满足的依赖关系", "未满足的依赖")),
    ("command not found", (
        "kommando nicht gefunden", "befehl nicht gefunden", "commande introuvable", "orden no encontrada",
        "comando non trovato", "comando não encontrado", "команда не найдена", "未找到命令", "命令未找到",
        "找不到命令", "コマンドが見つかりません", "명령어를 찾을 수 없음", "nie znaleziono polecenia")),
    ("segmentation fault", (
        "erreur de segmentation", "violación de segmento", "errore di segmentazione", "falha de segmentação",
        "ошибка сегментирования", "段错误", "段错誤", "naruszenie ochrony pamięci")),
    ("illegal instruction", (
        "ungültiger maschinenbefehl", "instruction illégale", "instrucción ilegal", "instrução ilegal",
        "недопустимая инструкция", "недопустимая операция", "非法指令", "不正な命令です",
        "nieprawidłowa instrukcja")),
    ("killed", (
        "getötet", "убито", "已杀死", "強制終了")),
    ("core dumped", (
        "speicherabzug geschrieben", "стек памяти сброшен на диск", "核心已转储", "吐核", "コアダンプ")),
    ("fatal error", (
        "schwerwiegender fehler", "erreur fatale", "фатальная ошибка", "致命错误",
        "致命的エラー")),
    ("requires", ("需要",)),
    (" is needed by ", (" 被 ",)),
    ("error", (
        "错误", "ошибка")),
    ("no package", ("没有可用软件包",)),
    ("nothing to do", ("无须任何处理",)),
    ("version", ("версия",)),
    ("not found", (
        "не найдена", "не найден", "nicht gefunden", "introuvable", "non trouvée", "no encontrada", "找不到",
        "未找到", "見つかりません")),
)

# The same where the words stand in another order: (pattern of a clean line, what stands for it).
REORDERED = (
    ("' ([^' ]{1,300}) '", "'\\1'"),
    ("对 ?'([^']{1,300})' ?未定义的引用", "undefined reference to '\\1'"),
    ("nicht definierter verweis auf ", "undefined reference to "),
    ("référence indéfinie (?:vers|à) ?", "undefined reference to "),
    ("referencia a '([^']{1,300})' sin definir", "undefined reference to '\\1'"),
    ("неопределённая ссылка на |неопределенная ссылка на ", "undefined reference to "),
    ("'([^']{1,300})' ?に対する定義されていない参照", "undefined reference to '\\1'"),
    ("riferimento non definito a ", "undefined reference to "),
    ("referência não definida para ", "undefined reference to "),
)
